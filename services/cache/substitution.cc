#include "services/cache/substitution.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "services/cache/stem.h"

namespace weir::cache {
namespace {

// Longer replacements are other sentences as a rule.
constexpr size_t kLongestGap = 4;
constexpr size_t kShortestFrame = 3;

std::vector<std::string> StemsOf(const Wording& wording) {
  std::vector<std::string> stems;
  for (const Token& token : wording.tokens) stems.push_back(Stem(token.text));
  return stems;
}

bool IsGap(size_t words) { return words > 0 && words <= kLongestGap; }

// The texts are equal but for one place.
bool HaveOneFrame(const std::vector<std::string>& x, const std::vector<std::string>& y) {
  const auto [x_end, y_end] = std::ranges::mismatch(x, y);
  const auto before = static_cast<size_t>(x_end - x.begin());
  const auto rest = std::mismatch(x.rbegin(), std::make_reverse_iterator(x_end), y.rbegin(),
                                  std::make_reverse_iterator(y_end));
  const auto after = static_cast<size_t>(rest.first - x.rbegin());
  const size_t frame = before + after;
  return frame >= kShortestFrame && IsGap(x.size() - frame) && IsGap(y.size() - frame);
}

}  // namespace

bool IsSubstitution(const WordDifference& difference) {
  if (difference.IsDoublyNegated() || !difference.OnBothSides(WordClass::kContent)) return false;
  return HaveOneFrame(StemsOf(difference.a), StemsOf(difference.b));
}

}  // namespace weir::cache
