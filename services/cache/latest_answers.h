#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "services/cache/answer.h"
#include "services/cache/flat_index.h"

namespace weir::cache {

// An answer beside a question, and how near theirs are.
struct NearAnswer {
  AnswerPtr answer;
  float cosine = 0;
};

// The answers that came last, of those that wait for promotion: side by side, so that looking
// through them costs less than a microsecond. For one thread at a time.
class LatestAnswers {
 public:
  // So many are remembered.
  static constexpr size_t kMost = 128;

  explicit LatestAnswers(size_t dimension) : index_(dimension) {}

  // `answer` has a vector of the dimension.
  void Add(AnswerPtr answer);
  // Nothing happens where it is not remembered.
  void Remove(const AnswerPtr& answer);

  // The nearest of those that `accepts`; one whose cosine is below `least` may be left out.
  using AcceptsAnswer = absl::FunctionRef<bool(const Answer&)>;
  std::optional<NearAnswer> Nearest(const FlatIndex::Query& query, AcceptsAnswer accepts,
                                    float least) const;

 private:
  std::vector<AnswerPtr> answers_;  // By row of the index, a ring; null: removed.
  size_t next_ = 0;
  FlatIndex index_;
};

}  // namespace weir::cache
