#include "edge/caching/chat_recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "common/text/ascii.h"
#include "common/text/json_escape.h"
#include "edge/caching/chat_answer.h"

namespace weir::edge {
namespace {

namespace dom = simdjson::dom;

// Of what is known of a chunk.
constexpr size_t kLongestFrame = 1024;
constexpr std::string_view kPadding = "\"obfuscation\":\"";

// Where the string whose inside begins at `at` has its closing quote: the first that an even number
// of backslashes precedes. npos: nowhere.
size_t ClosingQuote(std::string_view text, size_t at) {
  for (size_t quote = text.find('"', at); quote != std::string_view::npos;
       quote = text.find('"', quote + 1)) {
    size_t begin = quote;
    while (begin > at && text[begin - 1] == '\\') --begin;
    if ((quote - begin) % 2 == 0) return quote;
  }
  return std::string_view::npos;
}

bool IsPadding(std::string_view text) {
  return text.ends_with("\"}") &&
         std::all_of(text.begin(), text.end() - 2, [](char c) { return text::IsAlnum(c); });
}

// The first wins; empty ones say nothing.
void KeepFirst(dom::element root, std::string_view key, std::string& kept) {
  std::string_view text;
  if (kept.empty() && root[key].get(text) == simdjson::SUCCESS && text.size() <= kLongestFrame) {
    kept = text;
  }
}

bool Says(dom::element object, std::string_view key) {
  dom::element value;
  return object[key].get(value) == simdjson::SUCCESS && !SaysNothing(value);
}

void AppendString(std::string_view key, std::string_view text, std::string& out) {
  fmt::format_to(std::back_inserter(out), "\"{}\":", key);
  text::AppendJsonString(out, text);
  out.push_back(',');
}

}  // namespace

void ChatRecorder::GiveUp() {
  is_hopeless_ = true;
  // What was kept until now is of no use.
  content_ = refusal_ = reasoning_content_ = reasoning_ = {};
}

void ChatRecorder::Event(std::string_view data) {
  if (is_hopeless_ || is_done_) return;
  if (data == "[DONE]") {
    is_done_ = true;
  } else if (!TakeKnown(data)) {
    Parse(data);
  }
}

void ChatRecorder::Add(Text& text, std::string_view inside) {
  text.is_there = true;
  bytes_ += inside.size();
  if (bytes_ > max_bytes_) {
    GiveUp();
  } else {
    text.inside.append(inside);
  }
}

// The bytes around the text are those of a chunk that was parsed, and so mean the same. Whether the
// text itself is a valid string is seen in the end.
bool ChatRecorder::TakeKnown(std::string_view data) {
  if (known_.head.empty() || is_finished_ || !data.starts_with(known_.head)) return false;
  const size_t end = ClosingQuote(data, known_.head.size());
  if (end == std::string_view::npos) return false;
  std::string_view behind = data.substr(end);
  if (!behind.starts_with(known_.tail)) return false;
  behind.remove_prefix(known_.tail.size());
  if (known_.has_padding ? !IsPadding(behind) : !behind.empty()) return false;
  Add(content_, data.substr(known_.head.size(), end - known_.head.size()));
  return true;
}

// `data` was parsed, and says nothing but a piece of content.
void ChatRecorder::Learn(std::string_view data) {
  constexpr std::string_view kKey = "\"content\"";
  const size_t key = data.find(kKey);
  if (key == std::string_view::npos) return;
  const size_t colon = data.find_first_not_of(" \t", key + kKey.size());
  if (colon == std::string_view::npos || data[colon] != ':') return;
  const size_t open = data.find_first_not_of(" \t", colon + 1);
  if (open == std::string_view::npos || data[open] != '"') return;
  const size_t end = ClosingQuote(data, open + 1);
  if (end == std::string_view::npos) return;
  const std::string_view head = data.substr(0, open + 1);
  std::string_view tail = data.substr(end);
  // Without an escape and with one such name, it is the one that the parser found.
  const bool plain = head.find('\\') == std::string_view::npos &&
                     tail.find('\\') == std::string_view::npos &&
                     tail.find(kKey) == std::string_view::npos;
  if (!plain || head.size() + tail.size() > kLongestFrame) return;
  const size_t padding = tail.find(kPadding);
  known_.has_padding =
      padding != std::string_view::npos && IsPadding(tail.substr(padding + kPadding.size()));
  if (known_.has_padding) tail = tail.substr(0, padding + kPadding.size());
  known_.head = head;
  known_.tail = tail;
}

void ChatRecorder::Parse(std::string_view data) {
  static thread_local dom::parser parser;
  dom::element root;
  const size_t content_before = content_.inside.size();
  const size_t all_before = bytes_;
  const bool was_finished = is_finished_;
  const std::string usage_before = std::exchange(usage_, "");
  if (parser.parse(data.data(), data.size(), true).get(root) != simdjson::SUCCESS ||
      Says(root, "error") || !TakeOrigin(root) || !TakeChoices(root)) {
    GiveUp();
  }
  if (is_hopeless_) return;
  const bool only_content = content_.inside.size() > content_before &&
                            bytes_ - all_before == content_.inside.size() - content_before &&
                            is_finished_ == was_finished && usage_.empty();
  if (usage_.empty()) usage_ = usage_before;
  if (only_content) Learn(data);
}

// What all chunks share, and the usage.
bool ChatRecorder::TakeOrigin(dom::element root) {
  KeepFirst(root, "id", id_);
  KeepFirst(root, "model", model_);
  KeepFirst(root, "service_tier", service_tier_);
  KeepFirst(root, "system_fingerprint", system_fingerprint_);
  if (created_ == 0 && root["created"].get(created_) != simdjson::SUCCESS) created_ = 0;
  dom::element usage;
  if (root["usage"].get(usage) == simdjson::SUCCESS && usage.is_object()) {
    usage_ = simdjson::minify(usage);
  }
  return usage_.size() <= kLongestFrame && !Says(root, "citations") &&
         !Says(root, "search_results");
}

bool ChatRecorder::TakeChoices(dom::element root) {
  dom::array choices;
  // An event that is something else: a comment of the provider's, its filter's findings.
  if (root["choices"].get(choices) != simdjson::SUCCESS) return root.is_object();
  if (choices.size() == 0) return true;
  return choices.size() == 1 && TakeChoice(choices.at(0).value_unsafe());
}

bool ChatRecorder::TakeChoice(dom::element choice) {
  uint64_t index = 0;
  if (choice["index"].get(index) == simdjson::SUCCESS && index != 0) return false;
  if (Says(choice, "logprobs")) return false;
  const size_t before = bytes_;
  dom::object delta;
  if (choice["delta"].get(delta) == simdjson::SUCCESS && !TakeDelta(delta)) return false;
  if (is_finished_) return bytes_ == before;
  std::string_view reason;
  if (choice["finish_reason"].get(reason) != simdjson::SUCCESS || reason.empty()) return true;
  is_finished_ = reason == "stop";
  return is_finished_;
}

ChatRecorder::Text* ChatRecorder::TextFor(std::string_view key) {
  if (key == "content") return &content_;
  if (key == "refusal") return &refusal_;
  if (key == "reasoning_content") return &reasoning_content_;
  return key == "reasoning" ? &reasoning_ : nullptr;
}

bool ChatRecorder::TakeDelta(dom::object delta) {
  for (const auto member : delta) {
    std::string_view text;
    const bool is_text = member.value.get(text) == simdjson::SUCCESS;
    if (member.key == "role") {
      if (is_text && !text.empty() && text != "assistant") return false;
    } else if (Text* const kept = TextFor(member.key); is_text && kept != nullptr) {
      std::string escaped;
      text::AppendJsonEscaped(escaped, text);
      Add(*kept, escaped);
      if (is_hopeless_) return false;
    } else if (!SaysNothing(member.value)) {
      return false;
    }
  }
  return true;
}

std::optional<std::string> ChatRecorder::Finish(std::string_view usage) const {
  if (is_hopeless_ || !is_done_ || !is_finished_) return std::nullopt;
  std::string out = "{";
  AppendString("id", id_, out);
  AppendString("object", "chat.completion", out);
  AppendString("model", model_, out);
  if (!service_tier_.empty()) AppendString("service_tier", service_tier_, out);
  if (!system_fingerprint_.empty()) AppendString("system_fingerprint", system_fingerprint_, out);
  fmt::format_to(std::back_inserter(out),
                 R"("created":{},"choices":[{{"finish_reason":"stop","message":{{)", created_);
  const auto add = [&out](std::string_view key, const Text& text) {
    if (text.is_there) fmt::format_to(std::back_inserter(out), R"("{}":"{}",)", key, text.inside);
  };
  add("content", content_);
  add("refusal", refusal_);
  add("reasoning_content", reasoning_content_);
  add("reasoning", reasoning_);
  out.append(R"("role":"assistant"}}])");
  const std::string_view spent = usage_.empty() ? usage : std::string_view(usage_);
  if (!spent.empty()) out.append(",\"usage\":").append(spent);
  return out.append("}");
}

}  // namespace weir::edge
