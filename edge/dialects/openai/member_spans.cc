#include "edge/dialects/openai/member_spans.h"

namespace weir::edge::openai {
namespace {

size_t SkipBlanks(std::string_view text, size_t at) {
  while (at < text.size() &&
         (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r')) {
    ++at;
  }
  return at;
}

// Behind the closing quote of the string that begins at `at`.
size_t SkipString(std::string_view text, size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return text.size();
}

// Behind the value that begins at `at`.
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

}  // namespace

std::vector<Span> MemberSpans(std::string_view object) {
  std::vector<Span> spans;
  size_t at = SkipBlanks(object, 1);
  while (at < object.size() && object[at] == '"') {
    at = SkipBlanks(object, SkipString(object, at));
    at = SkipBlanks(object, at + 1);  // The colon.
    const size_t end = SkipValue(object, at);
    spans.push_back({at, end - at});
    at = SkipBlanks(object, end);
    if (at >= object.size() || object[at] != ',') break;
    at = SkipBlanks(object, at + 1);
  }
  return spans;
}

}  // namespace weir::edge::openai
