#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"
#include "edge/dialects/texts/outline.h"

namespace weir::edge::texts {

// A string of a body.
struct JsonText {
  std::string path;       // "$.messages[0].content"; of strings in a tool's arguments
                          // "$.messages[1].tool_calls[0].function.arguments.to".
  std::string_view role;  // As weir.guardrails.v1.Part has it.
  std::string text;       // Unescaped.
  // What stands for it, of the body; of strings in arguments, of these.
  Span raw;
  int arguments = -1;      // Index into JsonTexts::arguments; -1: it is in the body itself.
  bool is_escaped = true;  // Not where arguments are no JSON.
};

// All strings of a body that are text, in order, but for empty ones. Every string is, but for a
// closed list of what has no text of anybody: names of models and functions, ids, types, base64.
struct JsonTexts {
  std::vector<JsonText> texts;
  // JSON in strings, unescaped, where texts are taken from it.
  struct Arguments {
    Span raw;
    std::string text;
  };
  std::vector<Arguments> arguments;
  // Values of log probabilities of an answer that has any: the tokens once more.
  std::vector<Span> logprobs;
};

inline constexpr size_t kMostTexts = 4096;
inline constexpr size_t kMostTextBytes = 16 << 20;

// kInvalidArgument: no JSON, no UTF-8, deeper than 64. kResourceExhausted: over kMostTexts, or
// their text and paths over kMostTextBytes.
absl::StatusOr<JsonTexts> ReadRequestTexts(std::string_view body);
absl::StatusOr<JsonTexts> ReadAnswerTexts(std::string_view body);

// What a text becomes.
struct TextChange {
  size_t text = 0;  // Index into JsonTexts::texts.
  std::string changed;
};
// The body with `changes`, in order of their texts; every other byte is as it came, but that
// log probabilities are gone where `drops_logprobs`.
std::string Splice(std::string_view body, const JsonTexts& texts,
                   const std::vector<TextChange>& changes, bool drops_logprobs);

// Bytes that go in the place of a span.
struct Patch {
  Span span;
  std::string bytes;
};
// `bytes` with `patches`, which do not overlap.
std::string Patched(std::string_view bytes, std::vector<Patch> patches);

// What stands where there were log probabilities: an empty array for one, else null.
std::string_view WithoutLogprobs(std::string_view value);

}  // namespace weir::edge::texts
