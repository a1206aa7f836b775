#pragma once

#include <string_view>

// Steps through JSON text without reading it: for what a parser has read before, and for events of
// which little is looked at. What is no JSON gives some place at or before the end.
namespace weir::edge::openai {

// The first place at or behind `at` that is no white space.
size_t SkipBlanks(std::string_view text, size_t at);

// Behind the closing quote of the string that begins at `at`.
size_t SkipString(std::string_view text, size_t at);

// Behind the value that begins at `at`.
size_t SkipValue(std::string_view text, size_t at);

}  // namespace weir::edge::openai
