#include "services/guardrails/person_names.h"

#include <algorithm>
#include <vector>

#include "common/text/ascii.h"

namespace weir::guardrails {
namespace {

std::vector<std::string_view> Sorted(std::string_view list) {
  std::vector<std::string_view> all = text::Split(list, ' ');
  std::ranges::sort(all);
  return all;
}

}  // namespace

NameRank FirstNameRank(std::string_view folded) {
  static const auto kKnown = Sorted(kFirstNames), kDoubtful = Sorted(kDoubtfulFirstNames);
  if (std::ranges::binary_search(kKnown, folded)) return NameRank::kKnown;
  return std::ranges::binary_search(kDoubtful, folded) ? NameRank::kDoubtful : NameRank::kNone;
}

NameRank LastNameRank(std::string_view folded) {
  static const auto kKnown = Sorted(kLastNames), kDoubtful = Sorted(kDoubtfulLastNames);
  if (std::ranges::binary_search(kKnown, folded)) return NameRank::kKnown;
  return std::ranges::binary_search(kDoubtful, folded) ? NameRank::kDoubtful : NameRank::kNone;
}

}  // namespace weir::guardrails
