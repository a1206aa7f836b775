#pragma once

#include <string_view>

namespace weir::edge::openai {

// Calls `take(piece)` for each piece of the text that the inside of a JSON string stands for:
// stretches without an escape as they are, each escape as its UTF-8. What is no valid escape comes
// as it stands, half a surrogate pair as U+FFFD.
template <typename Take>
void ForEachUnescaped(std::string_view inside, Take take);

// One escape, decoded: how long it is, and its text.
struct Unescaped {
  size_t length = 0;
  char utf8[4];
  size_t utf8_size = 0;
  std::string_view text() const { return {utf8, utf8_size}; }
};
// `at` begins with a backslash.
Unescaped DecodeEscape(std::string_view at);

template <typename Take>
void ForEachUnescaped(std::string_view inside, Take take) {
  for (;;) {
    const size_t escape = inside.find('\\');
    if (escape != 0) take(inside.substr(0, escape));
    if (escape == std::string_view::npos) return;
    inside.remove_prefix(escape);
    const Unescaped one = DecodeEscape(inside);
    take(one.text());
    inside.remove_prefix(one.length);
    if (inside.empty()) return;
  }
}

}  // namespace weir::edge::openai
