#pragma once

#include <optional>
#include <string_view>

#include "weir/common/v1/usage.pb.h"

namespace weir::edge::openai {

// Usage of a whole (not streamed) answer, or of one stream event's JSON, in disjoint parts.
// OpenAI's figures are inclusive: cached tokens are inside prompt_tokens, reasoning and audio
// inside completion_tokens. An explicit zero is a value. None where there is no usage object. An
// object without any of the three counts is none either. `json` needs no padding. Not JSON: none.
std::optional<common::v1::Usage> ReadUsage(std::string_view json);

// A provider's error object, each member cut (message at 500 bytes, param at 200, type and code at
// 64); empty where it is missing or not a string.
struct ErrorObject {
  std::string message, type, param, code;
};
ErrorObject ReadErrorObject(std::string_view json);

// It says that something failed: a top-level `error` that is not null. Clients take such a stream
// event for an exception.
bool HasError(std::string_view json);

// Prompt and completion tokens together.
int64_t TotalTokens(const common::v1::Usage& usage);
// Completion tokens: visible, reasoning and audio.
int64_t OutputTokens(const common::v1::Usage& usage);

}  // namespace weir::edge::openai
