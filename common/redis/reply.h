#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace weir::redis {

// What a server answers, in RESP2. A value.
struct Reply {
  enum class Kind : uint8_t { kNil, kInteger, kText, kArray, kError };
  Kind kind = Kind::kNil;
  int64_t integer = 0;
  std::string text;  // Of kText (a bulk string or a status) and kError.
  std::vector<Reply> items;

  bool is_text() const { return kind == Kind::kText; }
  bool is_array() const { return kind == Kind::kArray; }
};

// What a caller can do about an error of the server, by its first word:
//   kFailedPrecondition  NOSCRIPT: the server does not have the script.
//   kUnauthenticated     it does not know who this is.   kPermissionDenied  it is not allowed.
//   kUnavailable         it cannot serve now (LOADING, READONLY, MASTERDOWN, OOM, BUSY, ...).
//   kInternal            anything else: a fault of ours.
// Messages are the server's, cut short.
absl::Status ErrorOf(std::string_view text);

// The server may be a replica now: what it is must be asked again.
bool SaysReadOnly(const Reply& reply);

}  // namespace weir::redis
