#pragma once

#include <string>
#include <string_view>

#include "common/crypto/hmac.h"

namespace weir::cache {

// Equal where two texts are the same but for how they are written: accents apart from their letters
// (normalisation form D), runs of white space as one space, or one line end where one is in them,
// none at either end. A text that is not UTF-8 is folded by its bytes.
std::string FoldedText(std::string_view text);

// SHA-256 of FoldedText.
crypto::Digest ExactKey(std::string_view text);

}  // namespace weir::cache
