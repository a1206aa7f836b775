#pragma once

#include <simdjson.h>

#include <optional>
#include <string_view>

#include "weir/common/v1/usage.pb.h"

namespace weir::edge::openai {

// What an API calls its counts.
struct UsageWords {
  std::string_view input, input_details, output, output_details;
};
inline constexpr UsageWords kChatWords{"prompt_tokens", "prompt_tokens_details",
                                       "completion_tokens", "completion_tokens_details"};
inline constexpr UsageWords kResponsesWords{"input_tokens", "input_tokens_details", "output_tokens",
                                            "output_tokens_details"};

// A usage object in disjoint parts. None where it is no object, or has none of the counts.
std::optional<common::v1::Usage> UsageParts(simdjson::dom::element usage, const UsageWords& words);

}  // namespace weir::edge::openai
