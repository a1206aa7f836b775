#pragma once

#include "services/cache/word_difference.h"

namespace weir::cache {

// Whether two texts are one sentence about two things: equal but for one place, where each names
// something that the other does not.
bool IsSubstitution(const WordDifference& difference);

}  // namespace weir::cache
