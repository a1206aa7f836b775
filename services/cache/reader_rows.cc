#include "services/cache/reader_rows.h"

namespace weir::cache {

std::vector<uint32_t>& ReaderRows::ListOf(const Answer& answer) {
  return answer.IsPromoted() ? promoted_ : own_[answer.author];
}

void ReaderRows::Add(uint32_t row, const Answer& answer) {
  std::vector<uint32_t>& list = ListOf(answer);
  if (row >= places_.size()) places_.resize(row + 1);
  places_[row] = static_cast<uint32_t>(list.size());
  list.push_back(row);
}

void ReaderRows::Remove(uint32_t row, const Answer& answer) {
  std::vector<uint32_t>& list = ListOf(answer);
  const uint32_t last = list.back();
  list[places_[row]] = last;
  places_[last] = places_[row];
  list.pop_back();
  if (list.empty() && &list != &promoted_) own_.erase(answer.author);
}

std::span<const uint32_t> ReaderRows::OwnOf(std::string_view author) const {
  const auto found = own_.find(author);
  if (found == own_.end()) return {};
  return found->second;
}

}  // namespace weir::cache
