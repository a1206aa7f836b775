#pragma once

#include <string>
#include <string_view>

namespace weir::mock {

// Appends `text` to `out` as a JSON string, quotes included. Bytes that are not UTF-8 become
// U+FFFD.
void AppendJson(std::string& out, std::string_view text);

// `text` as a JSON string, quotes included.
std::string Json(std::string_view text);

// The longest prefix of `text` of at most `limit` bytes that does not cut a UTF-8 character.
std::string_view Utf8Prefix(std::string_view text, size_t limit);

}  // namespace weir::mock
