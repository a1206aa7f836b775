#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/crypto/hmac.h"
#include "common/status/status.h"
#include "services/guardrails/placeholder_numbers.h"

namespace weir::guardrails {

// How far the judging of a stream has come: what travels with it, for no replica remembers. Has the
// last bytes of the text: not for logs.
struct DeltaState {
  // As StreamScanner::Save has it, of each reading; empty: it has not begun.
  std::string blocking, replacing, watching;
  // The beginning of a character whose end is not judged yet.
  std::string carry;
  // Values by their digests (Replacements::kDigestBytes of it).
  PlaceholderNumbers::Types numbers;

  // The last text that came, for what has to be seen whole, and how much of its end has not gone on
  // from there yet.
  std::string tail;
  size_t held = 0;
  // Bytes at the end of `tail` that were not looked at for an injection yet.
  size_t unread = 0;
  // One was told of already.
  bool injection_told = false;

  // Room for numbers (PlaceholderNumbers) and bytes of `tail` with which it fits in kMostBytes.
  static constexpr size_t kNumbersRoom = 170;
  static constexpr size_t kMostTail = 1024;
  static constexpr size_t kMostBytes = 4096;
};

// `stream` names what it is the state of; only for that it opens again. At most kMostBytes.
std::string SealState(const DeltaState& state, std::string_view stream, const crypto::Hmac& seals);

// kInvalidArgument: not sealed here for `stream`, or of another version of this program.
absl::StatusOr<DeltaState> OpenState(std::string_view sealed, std::string_view stream,
                                     const crypto::Hmac& seals);

// What is sealed. kInvalidArgument: it is not what EncodeState made.
std::string EncodeState(const DeltaState& state);
absl::StatusOr<DeltaState> DecodeState(std::string_view bytes);

}  // namespace weir::guardrails
