#include "edge/dialects/openai/member_spans.h"

#include "edge/dialects/openai/json_cursor.h"

namespace weir::edge::openai {

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
