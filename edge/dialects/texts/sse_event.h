#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::edge::texts {

// One event of a stream (server-sent events), or an empty line alone.
struct SseEvent {
  std::string_view bytes;  // All of it, with its empty line.
  // The data lines, joined; borrowed from the event where there is one. None: it has no data.
  std::optional<std::string_view> data;
  std::string joined;
  // Its name, where it has one that looks like one.
  std::string_view name;
  // All other lines, its name among them, each with a line feed.
  std::string others;
  // There are none but for its name, and its data is one line.
  bool is_bare = true;
  // It has its empty line.
  bool is_whole = false;
};

// Takes the first event off `events`, which are whole ones. Any line ends; what has no empty line
// at its end ends with the text. `event` borrows from `events`, and is not to be moved afterwards.
void TakeSseEvent(std::string_view& events, SseEvent& event);

}  // namespace weir::edge::texts
