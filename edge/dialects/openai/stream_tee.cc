#include "edge/dialects/openai/stream_tee.h"

#include <fmt/format.h>

#include <algorithm>

#include "edge/dialects/openai/answer_usage.h"
#include "edge/dialects/openai/cut_events.h"

namespace weir::edge::openai {
namespace {

size_t SkipBlanks(std::string_view text, size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n')) ++at;
  return at;
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

EventTee::Fate StreamTee::Event(std::string_view data) {
  if (data == "[DONE]") return Fate::kEnd;
  const Seen seen = Scan(data);
  if (seen.usage) {
    if (auto usage = ReadUsage(data)) {
      usage_ = usage;
      if (options_.strip_usage && seen.no_choices) return Fate::kDrop;
    }
  }
  return seen.error && HasError(data) ? Fate::kError : Fate::kPass;
}

std::string StreamTee::ErrorEvent(std::string_view body) const {
  return fmt::format("data: {}\n\n", body);
}

std::string StreamTee::CutEvents(int64_t choices,
                                 const std::optional<common::v1::Usage>& usage) const {
  return openai::CutEvents(withheld(), choices, usage);
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
      } else if (IsTextKey(key)) {
        CountText(text);
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
