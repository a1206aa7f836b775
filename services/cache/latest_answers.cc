#include "services/cache/latest_answers.h"

#include <algorithm>
#include <utility>

namespace weir::cache {

void LatestAnswers::Add(AnswerPtr answer) {
  const size_t row = next_;
  next_ = (next_ + 1) % kMost;
  if (row == answers_.size()) answers_.emplace_back();
  index_.Set(static_cast<uint32_t>(row), answer->vector);
  answers_[row] = std::move(answer);
}

void LatestAnswers::Remove(const AnswerPtr& answer) {
  const auto found = std::ranges::find(answers_, answer);
  if (found == answers_.end()) return;
  index_.Clear(static_cast<uint32_t>(found - answers_.begin()));
  found->reset();
}

std::optional<NearAnswer> LatestAnswers::Nearest(const FlatIndex::Query& query,
                                                 AcceptsAnswer accepts, float least) const {
  const auto accepts_row = [&](uint32_t row) { return accepts(*answers_[row]); };
  const std::vector<Neighbour> found = index_.Search(query, 1, accepts_row, least);
  if (found.empty()) return std::nullopt;
  return NearAnswer{.answer = answers_[found[0].row], .cosine = found[0].cosine};
}

}  // namespace weir::cache
