#pragma once

#include <string_view>
#include <utility>

#include "services/cache/wording.h"

namespace weir::cache {

// Whether one of two different words looks like a slip of the other: two neighbours swapped, or, in
// longer words, a letter too many, too few or wrong. Never at the first letter nor at the end,
// where words of different meaning differ ("employer", "employee").
bool IsMisspelling(std::string_view one, std::string_view other);

// Both texts after such slips were mended. The word that no table knows gives way to the other; of
// two unknown words, the first text's. Compares at most 16 words a side that the other lacks; with
// more the texts say different things anyway, and stay as they are.
std::pair<Wording, Wording> Mended(const Wording& a, const Wording& b);

}  // namespace weir::cache
