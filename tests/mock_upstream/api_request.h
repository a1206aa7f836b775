#pragma once

#include <absl/status/statusor.h>
#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weir::mock {

// What the mock reads of a request for a chat completion or a Response. Views and elements live as
// long as the parser that read them, and until its next document.
struct ChatRequest {
  std::string_view model;
  bool stream = false;
  bool include_usage = false;
  // max_completion_tokens, max_tokens or max_output_tokens, 1 or more.
  std::optional<int64_t> max_tokens;
  std::vector<simdjson::dom::element> messages;  // The items of a Response's input.
  std::string_view input;                        // Or that as one text.
  std::string_view instructions;                 // Of a Response.

  std::string_view tool;     // Name of the first tool offered, or of the one asked for.
  bool tool_forced = false;  // tool_choice is "required" or names a function.
  bool tool_allowed = true;  // tool_choice is not "none", and the last message is no tool's answer.

  // Words of all messages' text.
  int64_t PromptWords() const;
  // Text parts joined with a space.
  std::string LastUserText() const;
};

// kInvalidArgument says which member is missing or of the wrong type.
absl::StatusOr<ChatRequest> ParseChatRequest(simdjson::dom::parser& parser, std::string_view json);
absl::StatusOr<ChatRequest> ParseResponsesRequest(simdjson::dom::parser& parser,
                                                  std::string_view json);

struct EmbeddingsRequest {
  std::string_view model;
  std::vector<std::string> inputs;  // Token arrays as "1 2 3": a token is a word.
  std::optional<int64_t> dimensions;
  bool base64 = false;
};
absl::StatusOr<EmbeddingsRequest> ParseEmbeddingsRequest(simdjson::dom::parser& parser,
                                                         std::string_view json);

}  // namespace weir::mock
