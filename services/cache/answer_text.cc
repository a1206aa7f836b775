#include "services/cache/answer_text.h"

#include <simdjson.h>

#include <array>
#include <string_view>

#include "services/cache/exact_text.h"

namespace weir::cache {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

// Deeper is no answer that a provider gives.
constexpr int kMaxDepth = 32;
// Members whose text an answer consists of, in the bodies of chats and of responses.
constexpr std::array<std::string_view, 6> kSaying = {"content", "text",      "refusal",
                                                     "name",    "arguments", "output_text"};
// Members that such a text is in.
constexpr std::array<std::string_view, 7> kAround = {"choices",  "message",    "output", "content",
                                                     "function", "tool_calls", "delta"};

template <size_t kSize>
bool Has(const std::array<std::string_view, kSize>& names, std::string_view name) {
  for (const std::string_view each : names) {
    if (each == name) return true;
  }
  return false;
}

// A piece cannot pass for two: its length stands before it.
void Say(std::string_view text, std::string& said) {
  const std::string folded = FoldedText(text);
  said += fmt::format("{}:", folded.size());
  said += folded;
}

void Collect(element at, int depth, std::string& said);

void CollectMember(std::string_view name, element value, int depth, std::string& said) {
  if (value.is_string()) {
    if (Has(kSaying, name)) Say(value.get_string().value_unsafe(), said);
  } else if (Has(kAround, name)) {
    Collect(value, depth + 1, said);
  }
}

void Collect(element at, int depth, std::string& said) {
  if (depth > kMaxDepth) return;
  if (at.is_array()) {
    for (const element each : at.get_array().value_unsafe()) Collect(each, depth + 1, said);
  } else if (at.is_object()) {
    for (const auto& [name, value] : at.get_object().value_unsafe()) {
      CollectMember(name, value, depth, said);
    }
  }
}

}  // namespace

std::string AnswerText(const v1::Recording& recording) {
  // Memory that is warm: one answer after another is read in it.
  static thread_local simdjson::dom::parser parser;
  element body;
  std::string said;
  if (!parser.parse(simdjson::padded_string(recording.body())).get(body)) Collect(body, 0, said);
  return said.empty() ? recording.body() : said;
}

crypto::Digest AnswerKey(const v1::Recording& recording) {
  return crypto::Sha256(fmt::format("{}\n{}", recording.kind(), AnswerText(recording)));
}

}  // namespace weir::cache
