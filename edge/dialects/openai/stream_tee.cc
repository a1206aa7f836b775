#include "edge/dialects/openai/stream_tee.h"

#include "edge/dialects/openai/answer_usage.h"
#include "edge/dialects/openai/json_string.h"

namespace weir::edge::openai {
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

size_t SkipBlanks(std::string_view text, size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n')) ++at;
  return at;
}

// An event behind which nobody reads on, not even for the rest of its last line end: that is as the
// one before it.
void PassLast(std::string_view event, std::string& out) {
  const size_t end = event.find_last_not_of("\r\n") + 1;
  const std::string_view line_end = event.substr(end, LineEndSize(event, end));
  out.append(event.substr(0, end)).append(line_end).append(line_end);
}

// What is kept of an event to know it again in the next one.
constexpr size_t kMaxKnown = 1024;

// Members of a delta that are text a caller pays for.
bool IsTextKey(std::string_view key) {
  return key == "content" || key == "arguments" || key == "reasoning_content" ||
         key == "reasoning" || key == "refusal";
}

// Where the string whose content begins at `at` has its closing quote: the first that an even
// number of backslashes precedes.
size_t StringEnd(std::string_view text, size_t at) {
  for (size_t quote = text.find('"', at); quote != std::string_view::npos;
       quote = text.find('"', quote + 1)) {
    size_t begin = quote;
    while (begin > at && text[begin - 1] == '\\') --begin;
    if ((quote - begin) % 2 == 0) return quote;
  }
  return text.size();
}

}  // namespace

absl::Status StreamTee::Feed(std::string_view piece, std::string& out) {
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
    result = Event(rest.substr(0, ends.event), rest.substr(0, ends.text), out);
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
  if (result.ok() && !at_wall() && partial_.size() > options_.max_event) {
    return status::ResourceExhausted("an event of the stream is over {} bytes", options_.max_event);
  }
  return result;
}

absl::Status StreamTee::Event(std::string_view event, std::string_view lines, std::string& out) {
  std::string joined;
  std::string_view data;
  while (!lines.empty()) {
    const size_t end = LineEnd(lines, 0);
    AppendData(lines.substr(0, end), joined, data);
    if (end == std::string_view::npos) break;
    lines.remove_prefix(end + 1);
  }
  dropped_ = false;
  if (data == "[DONE]") {
    done_ = true;
    PassLast(event, out);
    return absl::OkStatus();
  }
  const int64_t texts_before = texts_;
  const Seen seen = Scan(data);
  if (seen.usage) {
    if (auto usage = ReadUsage(data)) {
      usage_ = usage;
      dropped_ = options_.strip_usage && seen.no_choices;
      if (dropped_) return absl::OkStatus();
    }
  }
  if (seen.error && HasError(data)) {
    PassLast(event, out);
    return status::Unavailable("the provider ended the stream with an error event");
  }
  if (texts_ > texts_before && cautious_tokens() > wall_) {
    withheld_.assign(event);
  } else {
    out.append(event);
  }
  return absl::OkStatus();
}

// Goes once over the names in an event's JSON, at whatever depth, and counts the text. Within a
// string a quote is escaped, so that text cannot look like a name.
//
// The events of a stream differ in their deltas alone: what stood before the last one, and behind
// it, is not read again where it stands there once more. That changes nothing of the result, as
// what is behind a byte has no say in how it is read.
StreamTee::Seen StreamTee::Scan(std::string_view json) {
  Seen seen;
  if (before_delta_.empty() || !json.starts_with(before_delta_)) {
    ScanNames(json, 0, seen);
    return seen;
  }
  // A string that does not end ends behind the event.
  const size_t at = std::min(json.size(), CountDelta(json, SkipBlanks(json, before_delta_.size())));
  const std::string_view behind = json.substr(at);
  if (behind == behind_delta_) return seen;
  ScanNames(json, at, seen);
  behind_delta_ = seen == Seen() && behind.size() <= kMaxKnown ? behind : "";
  return seen;
}

void StreamTee::ScanNames(std::string_view json, size_t from, Seen& seen) {
  size_t at = json.find('"', from);
  while (at != std::string_view::npos) {
    const size_t end = StringEnd(json, at + 1);
    const std::string_view name = json.substr(at + 1, end - at - 1);
    at = SkipBlanks(json, end + 1);
    if (at < json.size() && json[at] == ':') {
      at = SkipBlanks(json, at + 1);
      const char value = at < json.size() ? json[at] : '\0';
      if (name == "delta") {
        if (from == 0 && seen == Seen() && at <= kMaxKnown) before_delta_ = json.substr(0, at);
        seen.delta = true;
        at = CountDelta(json, at);
      } else if (name == "usage") {
        // `"usage":null` is in every chunk where usage was asked for.
        seen.usage = seen.usage || value == '{';
      } else if (name == "error") {
        seen.error = true;
      } else if (name == "choices" && value == '[') {
        const size_t next = SkipBlanks(json, at + 1);
        seen.no_choices = next < json.size() && json[next] == ']';
      }
    }
    at = json.find('"', at);
  }
}

// One delta object from `at`: its strings under a text key, however deep (tool calls). Returns
// where it ends.
size_t StreamTee::CountDelta(std::string_view data, size_t at) {
  std::string_view key;
  int depth = 0;
  while (at < data.size()) {
    const char c = data[at];
    if (c == '"') {
      const size_t end = StringEnd(data, at + 1);
      const std::string_view text = data.substr(at + 1, end - at - 1);
      at = SkipBlanks(data, end + 1);
      if (at < data.size() && data[at] == ':') {
        key = text;
        ++at;
      } else if (IsTextKey(key) && !text.empty()) {
        ++texts_;
        ForEachUnescaped(text, [this](std::string_view piece) { scan_.Feed(piece); });
      }
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    ++at;
    if (depth <= 0) break;
  }
  return at;
}

}  // namespace weir::edge::openai
