#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "weir/common/v1/usage.pb.h"

namespace weir::edge::responses {

// Usage of a whole Response object, or of the stream event that carries one as `response`, in
// disjoint parts. The API's figures are inclusive: cached tokens are inside input_tokens, reasoning
// inside output_tokens. An explicit zero is a value. None where there is no usage object, or none
// of the counts in it. `json` needs no padding. Not JSON: none.
std::optional<common::v1::Usage> ReadUsage(std::string_view json);

// The same where only the end of a Response object is at hand: its last member `usage` that has
// counts.
std::optional<common::v1::Usage> ReadUsageOfTail(std::string_view tail);

// Likely tokens of the text in a whole Response object (texts, refusals, reasoning, arguments of
// calls), for providers that report no usage. 0: it is no such object. `json` needs no padding.
int64_t CountAnswerTokens(std::string_view json);

}  // namespace weir::edge::responses
