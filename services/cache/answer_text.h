#pragma once

#include <string>

#include "common/crypto/hmac.h"
#include "weir/cache/v1/cache.pb.h"

namespace weir::cache {

// What an answer says: its texts, refusals and the functions that it calls, with white space
// folded. Ids, times, usage and the like are left out, since they differ between two equal answers.
// A body that is not understood is what it is, byte for byte.
std::string AnswerText(const v1::Recording& recording);

// Two answers are equal where this is: SHA-256 of AnswerText and of the kind.
crypto::Digest AnswerKey(const v1::Recording& recording);

}  // namespace weir::cache
