#include "edge/dialects/responses/stream_tee.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "common/text/json_escape.h"
#include "common/text/parse.h"
#include "edge/dialects/openai/answer_usage.h"
#include "edge/dialects/openai/json_cursor.h"
#include "edge/dialects/responses/answer.h"

namespace weir::edge::responses {
namespace {

using openai::SkipBlanks;
using openai::SkipString;
using openai::SkipValue;

constexpr std::array<std::string_view, 3> kEnds = {"response.completed", "response.incomplete",
                                                   "response.failed"};
// More events than any stream has: a number over it is no count.
constexpr int64_t kMostEvents = 1'000'000'000'000;

// What an event says at its top. Texts are the insides of strings, as they came.
struct Top {
  std::string_view type;
  std::string_view delta;
  std::string_view sequence;
  bool error = false;

  bool is_delta() const { return type.ends_with(".delta"); }
  bool is_end() const { return std::find(kEnds.begin(), kEnds.end(), type) != kEnds.end(); }
  // What else the event says at its top does not count.
  bool enough() const { return !sequence.empty() && (is_delta() ? !delta.empty() : is_end()); }
};

void Take(std::string_view key, std::string_view value, Top& top) {
  const bool text = value.size() >= 2 && value.front() == '"';
  const std::string_view inside = text ? value.substr(1, value.size() - 2) : std::string_view();
  if (key == "type") {
    top.type = inside;
  } else if (key == "delta") {
    top.delta = inside;
  } else if (key == "sequence_number") {
    top.sequence = value;
  } else if (key == "error") {
    top.error = value != "null";
  }
}

// Goes once over the members of an event's object, and no further into it than to their ends. What
// stands behind a delta is not read: those events are most of a stream.
Top ReadTop(std::string_view json) {
  Top top;
  size_t at = SkipBlanks(json, 0);
  if (at >= json.size() || json[at] != '{') return top;
  at = SkipBlanks(json, at + 1);
  while (at < json.size() && json[at] == '"') {
    const size_t key_end = SkipString(json, at);
    const std::string_view key = json.substr(at + 1, key_end - at - 2);
    const size_t value = SkipBlanks(json, SkipBlanks(json, key_end) + 1);  // Behind the colon.
    if (value >= json.size()) break;
    const size_t end = SkipValue(json, value);
    Take(key, json.substr(value, end - value), top);
    if (top.enough()) break;
    at = SkipBlanks(json, end);
    if (at >= json.size() || json[at] != ',') break;
    at = SkipBlanks(json, at + 1);
  }
  return top;
}

// Bytes of sound and of pictures are not text.
bool IsTextDelta(const Top& top) { return top.is_delta() && top.type != "response.audio.delta"; }

// A string, or null where it is empty.
void AppendOrNull(std::string_view key, std::string_view value, std::string& out) {
  fmt::format_to(std::back_inserter(out), "\"{}\":", key);
  if (value.empty()) {
    out.append("null,");
    return;
  }
  text::AppendJsonString(out, value);
  out.append(",");
}

}  // namespace

EventTee::Fate StreamTee::Event(std::string_view data) {
  // The API does not send it; some who speak its dialect do.
  if (data == "[DONE]") return Fate::kEnd;
  const Top top = ReadTop(data);
  last_ = std::clamp<int64_t>(text::ParseInt64(top.sequence).value_or(last_ + 1), 0, kMostEvents);
  if (IsTextDelta(top)) CountText(top.delta);
  if (top.is_end()) {
    usage_ = ReadUsage(data);
    failed_ = top.type == "response.failed";
    return Fate::kEnd;
  }
  return top.type == "error" || top.error ? Fate::kError : Fate::kPass;
}

std::string StreamTee::ErrorEvent(std::string_view body) const {
  const openai::ErrorObject error = openai::ReadErrorObject(body);
  std::string out = fmt::format("event: error\ndata: {{\"type\":\"error\",\"sequence_number\":{},",
                                next_sequence());
  AppendOrNull("code", error.code, out);
  AppendOrNull("message", error.message, out);
  AppendOrNull("param", error.param, out);
  // `body` is an object with the one member `error`.
  out.append(body.substr(1)).append("\n\n");
  return out;
}

std::string StreamTee::CutEvents(int64_t /*choices*/,
                                 const std::optional<common::v1::Usage>& /*usage*/) const {
  return {};
}

}  // namespace weir::edge::responses
