#include "services/cache/word_order.h"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "services/cache/stem.h"

namespace weir::cache {
namespace {

using Words = std::vector<std::string>;
using View = std::span<const std::string>;

Words StemsOf(const Wording& wording) {
  Words stems;
  for (const Token& token : wording.tokens) stems.push_back(Stem(token.text));
  return stems;
}

// Places at which texts are tried, so that no text costs more than some walks over it.
constexpr int kMostTries = 16;

bool HaveSameWords(Words a, Words b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

// `b` is `a` with its first `count` words at the end.
bool IsRotation(View a, View b, size_t count) {
  return std::ranges::equal(a.subspan(count), b.first(a.size() - count)) &&
         std::ranges::equal(a.first(count), b.last(count));
}

bool IsMovedPhrase(View a, View b) {
  int tries = 0;
  for (size_t count = 2; count + 2 <= a.size() && tries < kMostTries; ++count) {
    if (a[count] != b[0]) continue;
    if (IsRotation(a, b, count)) return true;
    ++tries;
  }
  return false;
}

// "X and Y" against "Y and X", after what is equal at both ends is left out.
bool IsSwappedList(View a, View b) {
  int tries = 0;
  for (size_t at = 1; at + 1 < a.size() && tries < kMostTries; ++at) {
    if (a[at] != "and") continue;
    ++tries;
    const size_t after = a.size() - at - 1;
    if (b[after] == "and" && std::ranges::equal(a.first(at), b.last(at)) &&
        std::ranges::equal(a.last(after), b.first(after))) {
      return true;
    }
  }
  return false;
}

bool OrderMeansNothing(View a, View b) {
  if (IsMovedPhrase(a, b)) return true;
  while (!a.empty() && a.front() == b.front()) a = a.subspan(1), b = b.subspan(1);
  while (!a.empty() && a.back() == b.back()) a = a.first(a.size() - 1), b = b.first(b.size() - 1);
  return IsSwappedList(a, b);
}

bool HasRoles(const Wording& each) { return each.from && each.to; }

}  // namespace

bool DiffersByOrder(const Wording& a, const Wording& b) {
  if (a.symmetric && b.symmetric) return false;
  if (HasRoles(a) && HasRoles(b)) {
    if (a.from == b.from && a.to == b.to) return false;
    if (a.from == b.to && a.to == b.from) return true;
  }
  if (a.tokens.size() != b.tokens.size()) return false;
  const Words stems_a = StemsOf(a);
  const Words stems_b = StemsOf(b);
  if (stems_a == stems_b || !HaveSameWords(stems_a, stems_b)) return false;
  return !OrderMeansNothing(stems_a, stems_b);
}

}  // namespace weir::cache
