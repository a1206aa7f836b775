#include "edge/dialects/event_tee.h"

#include "edge/dialects/openai/json_string.h"

namespace weir::edge {
namespace {

// The first line feed or carriage return at or behind `from`.
size_t LineEnd(std::string_view text, size_t from) {
  const size_t lf = text.find('\n', from);
  return std::min(lf, text.substr(0, lf).find('\r', from));
}

// Length of the line end at `at`; 0: there is none.
size_t LineEndSize(std::string_view text, size_t at) {
  if (at >= text.size()) return 0;
  if (text[at] == '\n') return 1;
  if (text[at] != '\r') return 0;
  return at + 1 < text.size() && text[at + 1] == '\n' ? 2 : 1;
}

// Where an event's last line with text ends, and where the event: behind the empty line (LF LF, CR
// LF CR LF, CR CR, and mixtures). npos: not yet.
struct Ends {
  size_t text = std::string_view::npos;
  size_t event = std::string_view::npos;
};
Ends EventEnds(std::string_view text, size_t from) {
  for (size_t at = LineEnd(text, from); at != std::string_view::npos; at = LineEnd(text, at)) {
    const size_t first = LineEndSize(text, at);
    const size_t second = LineEndSize(text, at + first);
    if (second > 0) return {.text = at, .event = at + first + second};
    at += first;
  }
  return {};
}

// Appends the data of one line, if it is a data line.
void AppendData(std::string_view line, std::string& data, std::string_view& only) {
  if (!line.starts_with("data:")) return;
  line.remove_prefix(5);
  if (line.starts_with(' ')) line.remove_prefix(1);
  if (only.data() == nullptr && data.empty()) {
    only = line;
    return;
  }
  if (data.empty()) data.assign(only);
  data.append("\n").append(line);
  only = data;
}

// An event behind which nobody reads on, not even for the rest of its last line end: that is as the
// one before it.
void PassLast(std::string_view event, std::string& out) {
  const size_t end = event.find_last_not_of("\r\n") + 1;
  const std::string_view line_end = event.substr(end, LineEndSize(event, end));
  out.append(event.substr(0, end)).append(line_end).append(line_end);
}

}  // namespace

absl::Status EventTee::Feed(std::string_view piece, std::string& out) {
  if (done_ || at_wall()) return absl::OkStatus();
  const bool resumed = !withheld_.empty();
  out.append(withheld_);
  withheld_.clear();
  if (piece.empty() && !resumed) return absl::OkStatus();
  const bool after_cr = after_cr_;
  if (!piece.empty()) after_cr_ = false;
  if (after_cr && piece.starts_with('\n')) {
    // The second half of a line end whose first half ended an event.
    if (!dropped_) out.append("\n");
    piece.remove_prefix(1);
  }
  // Most pieces begin and end with an event: those are read where they are.
  const bool joined = !partial_.empty();
  if (joined) partial_.append(piece);
  std::string_view rest = joined ? std::string_view(partial_) : piece;
  size_t from = searched_ > 3 ? searched_ - 3 : 0;
  absl::Status result;
  while (result.ok() && !done_ && !at_wall()) {
    const Ends ends = EventEnds(rest, from);
    if (ends.event == std::string_view::npos) break;
    result = Take(rest.substr(0, ends.event), rest.substr(0, ends.text), out);
    after_cr_ = ends.event == rest.size() && rest.back() == '\r';
    rest.remove_prefix(ends.event);
    from = 0;
  }
  if (joined) {
    partial_.erase(0, partial_.size() - rest.size());
  } else {
    partial_.assign(rest);
  }
  searched_ = at_wall() ? 0 : partial_.size();
  if (result.ok() && !at_wall() && partial_.size() > max_event_) {
    return status::ResourceExhausted("an event of the stream is over {} bytes", max_event_);
  }
  return result;
}

absl::Status EventTee::Take(std::string_view event, std::string_view lines, std::string& out) {
  std::string joined;
  std::string_view data;
  while (!lines.empty()) {
    const size_t end = LineEnd(lines, 0);
    AppendData(lines.substr(0, end), joined, data);
    if (end == std::string_view::npos) break;
    lines.remove_prefix(end + 1);
  }
  const int64_t texts_before = texts_;
  const Fate fate = Event(data);
  dropped_ = fate == Fate::kDrop;
  switch (fate) {
    case Fate::kPass:
      if (texts_ > texts_before && cautious_tokens() > wall_) {
        withheld_.assign(event);
      } else {
        out.append(event);
      }
      return absl::OkStatus();
    case Fate::kDrop:
      return absl::OkStatus();
    case Fate::kEnd:
      done_ = true;
      PassLast(event, out);
      return absl::OkStatus();
    case Fate::kError:
      PassLast(event, out);
      return status::Unavailable("the provider ended the stream with an error event");
  }
  return absl::OkStatus();
}

void EventTee::CountText(std::string_view escaped) {
  if (escaped.empty()) return;
  ++texts_;
  openai::ForEachUnescaped(escaped, [this](std::string_view piece) { scan_.Feed(piece); });
}

}  // namespace weir::edge
