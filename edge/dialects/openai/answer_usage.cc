#include "edge/dialects/openai/answer_usage.h"

#include <simdjson.h>

#include <algorithm>
#include <string>

#include "common/text/utf8.h"

namespace weir::edge::openai {

namespace dom = simdjson::dom;

namespace {

// Far beyond any call; sums of such figures still fit.
constexpr int64_t kMostTokens = 1'000'000'000'000;

int64_t Count(dom::element object, std::string_view key) {
  int64_t count = 0;
  if (object[key].get(count) != simdjson::SUCCESS) return 0;
  return std::clamp<int64_t>(count, 0, kMostTokens);
}

// A count inside another one: never more than it.
int64_t Part(dom::element object, std::string_view details, std::string_view key, int64_t whole) {
  dom::element inner;
  if (object[details].get(inner) != simdjson::SUCCESS) return 0;
  return std::min(Count(inner, key), whole);
}

// A provider that says no more than the sum: how it divides is not known, so that all of it is
// billed as prompt.
std::optional<common::v1::Usage> OnlyTotal(dom::element usage) {
  if (usage["total_tokens"].error() != simdjson::SUCCESS) return std::nullopt;
  common::v1::Usage parts;
  parts.set_input_uncached_tokens(Count(usage, "total_tokens"));
  parts.set_inconsistent(true);
  return parts;
}

}  // namespace

std::optional<common::v1::Usage> ReadUsage(std::string_view json) {
  // A thread's parser keeps its buffers: an answer costs no allocation.
  static thread_local dom::parser parser;
  dom::element root;
  dom::element usage;
  if (parser.parse(json.data(), json.size(), true).get(root) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  if (root["usage"].get(usage) != simdjson::SUCCESS || usage.type() != dom::element_type::OBJECT) {
    return std::nullopt;
  }
  if (usage["prompt_tokens"].error() != simdjson::SUCCESS &&
      usage["completion_tokens"].error() != simdjson::SUCCESS) {
    return OnlyTotal(usage);
  }
  const int64_t prompt = Count(usage, "prompt_tokens");
  const int64_t completion = Count(usage, "completion_tokens");
  common::v1::Usage parts;
  int64_t left = prompt;
  parts.set_cache_read_tokens(Part(usage, "prompt_tokens_details", "cached_tokens", left));
  left -= parts.cache_read_tokens();
  parts.set_audio_input_tokens(Part(usage, "prompt_tokens_details", "audio_tokens", left));
  parts.set_input_uncached_tokens(left - parts.audio_input_tokens());
  left = completion;
  parts.set_reasoning_tokens(Part(usage, "completion_tokens_details", "reasoning_tokens", left));
  left -= parts.reasoning_tokens();
  parts.set_audio_output_tokens(Part(usage, "completion_tokens_details", "audio_tokens", left));
  parts.set_output_visible_tokens(left - parts.audio_output_tokens());
  int64_t total = 0;
  if (usage["total_tokens"].get(total) == simdjson::SUCCESS) {
    parts.set_inconsistent(total != prompt + completion);
  }
  return parts;
}

ErrorObject ReadErrorObject(std::string_view json) {
  static thread_local dom::parser parser;
  ErrorObject read;
  dom::element error;
  if (parser.parse(json.data(), json.size(), true)["error"].get(error) != simdjson::SUCCESS) {
    return read;
  }
  const auto take = [&error](std::string_view key, size_t most) -> std::string {
    std::string_view value;
    if (error[key].get(value) != simdjson::SUCCESS) return {};
    return std::string(text::Utf8Prefix(value, most));
  };
  read.message = take("message", 500);
  read.type = take("type", 64);
  read.param = take("param", 200);
  read.code = take("code", 64);
  return read;
}

bool HasError(std::string_view json) {
  static thread_local dom::parser parser;
  dom::element error;
  return parser.parse(json.data(), json.size(), true)["error"].get(error) == simdjson::SUCCESS &&
         !error.is_null();
}

int64_t OutputTokens(const common::v1::Usage& usage) {
  return usage.output_visible_tokens() + usage.reasoning_tokens() + usage.audio_output_tokens();
}

int64_t TotalTokens(const common::v1::Usage& usage) {
  return usage.input_uncached_tokens() + usage.cache_read_tokens() + usage.cache_write_5m_tokens() +
         usage.cache_write_1h_tokens() + usage.audio_input_tokens() + OutputTokens(usage);
}

}  // namespace weir::edge::openai
