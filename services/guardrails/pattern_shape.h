#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "common/status/status.h"
#include "services/guardrails/byte_set.h"

namespace weir::guardrails {

// What every match of at most kLongestMatch bytes of a regular expression is like, whatever the
// text: an upper bound, so a match may be of a narrower kind, never of a wider one.
struct PatternShape {
  size_t shortest = 0;  // Bytes.
  size_t longest = 0;   // At most kLongestMatch, also where it could go on.
  ByteSet bytes;        // Those that a match can have.
  ByteSet first;        // Those that it can begin with.
  // A byte of ASCII that every match has, of several the rarest. Nothing: none is known.
  std::optional<char> required;
};

// Reads it off an expression in RE2's syntax, which RE2 has accepted.
//
// kInvalidArgument, with the place in the expression: every match is longer than kLongestMatch, one
// may be empty, or has to stand at the beginning or the end of a text; or the expression is nested
// more than 50 deep.
absl::StatusOr<PatternShape> ShapeOf(std::string_view pattern, bool ignore_case = false);

}  // namespace weir::guardrails
