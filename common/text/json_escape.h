#pragma once

#include <string>
#include <string_view>

namespace weir::text {

// Appends `text` to `out` as the inside of a JSON string: quotes, backslashes and control
// characters escaped, every byte that is not UTF-8 as U+FFFD. Clean text is copied a word at a
// time; `out` grows at most once where nothing needs an escape.
void AppendJsonEscaped(std::string& out, std::string_view text);

// The same between quotes.
void AppendJsonString(std::string& out, std::string_view text);

}  // namespace weir::text
