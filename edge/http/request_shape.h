#pragma once

#include <string_view>

#include "common/status/status.h"

namespace weir::edge {

// Refuses what parsers of HTTP/1.1 disagree about (request smuggling), before any parser sees it:
// RFC 9112 read strictly. `head` is everything up to and including the empty line.
//
// kInvalidArgument says which rule was broken: bare CR or LF, NUL or other control characters,
// folded lines, space before a colon, not exactly one Host (HTTP/1.1), Content-Length that is
// repeated, listed, signed, not decimal or beside Transfer-Encoding, transfer codings other than a
// single "chunked".
absl::Status CheckRequestShape(std::string_view head);

}  // namespace weir::edge
