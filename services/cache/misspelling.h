#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "services/cache/stem_weights.h"
#include "services/cache/wording.h"

namespace weir::cache {

// Whether one of two different words looks like a slip of the other: two neighbours swapped, or a
// letter too many, too few or wrong. Never at the first letter. `is_word`: one of them is known to
// be a word and the other is not; else a letter counts only within words of 7 letters and more, and
// not at the end, where words of different meaning differ ("employer", "employee").
bool IsMisspelling(std::string_view one, std::string_view other, bool is_word);

// Both texts after such slips were mended; nothing where there are none. The word that is not known
// gives way to the other; of two unknown words, the first text's. `vocabulary` may be null: then
// the veto's own tables alone are known words. Compares at most 16 words a side that the other
// lacks; with more the texts say different things anyway, and stay as they are.
std::optional<std::pair<Wording, Wording>> Mended(const Wording& a, const Wording& b,
                                                  const StemWeights* vocabulary);

}  // namespace weir::cache
