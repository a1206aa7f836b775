#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/lru.h"
#include "common/async/mutex.h"
#include "services/cache/finder.h"
#include "services/cache/partition.h"

namespace weir::cache {

// What was said of an answer that was near a question, without the answer.
struct NearVerdict {
  std::string reason;    // As Considered has it.
  bool teaches = false;  // Only the gate could refuse it, and it is of another question.
  bool gate_refuses = false;
  crypto::Digest answer_key{};
};
// `asked`: ExactKey of the question.
std::vector<NearVerdict> VerdictsOf(const std::vector<Considered>& considered,
                                    const crypto::Digest& asked);

// What a look-up that found nothing knew of its question.
struct NearThings {
  std::vector<NearVerdict> verdicts;
  std::vector<float> direction;  // Of length 1.
};

// What look-ups that found nothing considered, until the fresh answer comes: so that its question
// is not read, and sought, again for what it teaches. Says nothing of what is served, and forgets
// the oldest. Thread-safe.
class NearMemory {
 public:
  static constexpr size_t kRemembered = 1024;

  void Put(const std::shared_ptr<Partition>& partition, const crypto::Digest& asked,
           std::string_view reader, NearThings things);
  // Nothing: it is not known, or was taken before
  std::optional<NearThings> Take(const std::shared_ptr<Partition>& partition,
                                 const crypto::Digest& asked, std::string_view reader);

 private:
  struct Seen {
    std::weak_ptr<Partition> partition;
    NearThings things;
  };
  Mutex mutex_;
  api::Lru<std::string, Seen> seen_ ABSL_GUARDED_BY(mutex_){kRemembered};
};

}  // namespace weir::cache
