#include "edge/dialects/openai/json_cursor.h"

namespace weir::edge::openai {

size_t SkipBlanks(std::string_view text, size_t at) {
  while (at < text.size() &&
         (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r')) {
    ++at;
  }
  return at;
}

// The end is the first quote that an even number of backslashes precedes.
size_t SkipString(std::string_view text, size_t at) {
  ++at;
  for (size_t quote = text.find('"', at); quote != std::string_view::npos;
       quote = text.find('"', quote + 1)) {
    size_t begin = quote;
    while (begin > at && text[begin - 1] == '\\') --begin;
    if ((quote - begin) % 2 == 0) return quote + 1;
  }
  return text.size();
}

size_t SkipValue(std::string_view text, size_t at) {
  if (at >= text.size()) return text.size();
  if (text[at] == '"') return SkipString(text, at);
  if (text[at] != '{' && text[at] != '[') {
    const size_t end = text.find_first_of(",]} \t\r\n", at);
    return end == std::string_view::npos ? text.size() : end;
  }
  int depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = SkipString(text, at);
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at + 1;
    ++at;
  }
  return text.size();
}

}  // namespace weir::edge::openai
