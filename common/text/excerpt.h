#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::text {

// `text` fit for a message or a log line, whoever wrote it: at most `max_bytes` of it (then "..."),
// never half a character; control characters, invalid UTF-8, backslashes and characters that
// reorder or break a line are escaped as \n, \x1b, \u{202e}.
//
// Not for secrets: it shows the start of what it is given.
std::string Excerpt(std::string_view text, size_t max_bytes = 64);

}  // namespace weir::text
