#pragma once

#include <cstdint>
#include <string_view>

namespace weir::edge::openai {

// Likely tokens of the text in a whole chat answer (contents, reasoning, tool arguments of all
// choices), for providers that report no usage. 0: it is no such answer. `json` needs no padding.
int64_t CountAnswerTokens(std::string_view json);

}  // namespace weir::edge::openai
