#include "edge/dialects/openai/answer_usage.h"

#include <simdjson.h>

#include <string>

#include "common/text/utf8.h"
#include "edge/dialects/openai/usage_parts.h"

namespace weir::edge::openai {

namespace dom = simdjson::dom;

std::optional<common::v1::Usage> ReadUsage(std::string_view json) {
  // A thread's parser keeps its buffers: an answer costs no allocation.
  static thread_local dom::parser parser;
  dom::element root;
  dom::element usage;
  if (parser.parse(json.data(), json.size(), true).get(root) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  if (root["usage"].get(usage) != simdjson::SUCCESS) return std::nullopt;
  return UsageParts(usage, kChatWords);
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
