#include "edge/dialects/texts/sse_event.h"

#include <algorithm>

#include "edge/dialects/texts/places.h"

namespace weir::edge::texts {
namespace {

// The line at the beginning of `text`, and how long it is with its end.
struct Line {
  std::string_view text;
  size_t size = 0;
};
Line FirstLine(std::string_view text) {
  const size_t lf = text.find('\n');
  const size_t end = std::min(text.substr(0, lf).find('\r'), lf);
  if (end == std::string_view::npos) return {text, text.size()};
  const bool both = text[end] == '\r' && end + 1 == lf;
  return {text.substr(0, end), end + (both ? 2 : 1)};
}

// What stands behind the colon.
std::string_view ValueOf(std::string_view line, size_t name_size) {
  line.remove_prefix(std::min(line.size(), name_size + 1));
  if (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

void AddData(std::string_view value, SseEvent& event) {
  if (!event.data) {
    event.data = value;
    return;
  }
  if (event.joined.empty()) event.joined = *event.data;
  event.joined.append("\n").append(value);
  event.data = event.joined;
  event.is_bare = false;
}

void AddLine(std::string_view line, SseEvent& event) {
  const std::string_view name = line.substr(0, line.find(':'));
  if (name == "data") {
    AddData(ValueOf(line, name.size()), event);
    return;
  }
  event.others.append(line).append("\n");
  const std::string_view value = ValueOf(line, name.size());
  if (name == "event" && event.name.empty() && LooksStructural(value)) {
    event.name = value;
  } else {
    event.is_bare = false;
  }
}

}  // namespace

void TakeSseEvent(std::string_view& events, SseEvent& event) {
  event = {};
  size_t at = 0;
  while (at < events.size()) {
    const Line line = FirstLine(events.substr(at));
    at += line.size;
    event.is_whole = line.text.empty();
    if (event.is_whole) break;
    AddLine(line.text, event);
  }
  event.bytes = events.substr(0, at);
  events.remove_prefix(at);
}

}  // namespace weir::edge::texts
