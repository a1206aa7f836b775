#include "tests/mock_upstream/api_request.h"

#include <fmt/format.h>

#include "tests/mock_upstream/words.h"

namespace weir::mock {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kMaxInputs = 2048;  // OpenAI's own bound.

absl::Status Bad(std::string_view what) { return absl::InvalidArgumentError(std::string(what)); }

absl::StatusOr<dom::object> ParseObject(dom::parser& parser, std::string_view json) {
  dom::object root;
  if (parser.parse(json.data(), json.size()).get(root) == simdjson::SUCCESS) return root;
  return Bad("We could not parse the JSON body of your request.");
}

// Absent and null are the same; `to` keeps its value.
template <typename T>
absl::Status Optional(dom::object root, std::string_view key, T& to) {
  dom::element value;
  if (root[key].get(value) != simdjson::SUCCESS || value.is_null()) return absl::OkStatus();
  if (value.get(to) == simdjson::SUCCESS) return absl::OkStatus();
  return Bad(fmt::format("Invalid type for '{}'.", key));
}

bool ReadItems(dom::object root, std::string_view key, std::vector<dom::element>& to) {
  dom::array items;
  if (root[key].get(items) != simdjson::SUCCESS) return false;
  to.assign(items.begin(), items.end());
  return true;
}

absl::Status OptionalCount(dom::object root, std::string_view key, std::optional<int64_t>& to) {
  constexpr int64_t kAbsent = 0x7fff'ffff'ffff'ffff;
  int64_t number = kAbsent;
  if (absl::Status read = Optional(root, key, number); !read.ok()) return read;
  if (number == kAbsent) return absl::OkStatus();
  if (number < 1) return Bad(fmt::format("Invalid '{}': below the minimum value.", key));
  to = number;
  return absl::OkStatus();
}

absl::Status ReadModel(dom::object root, std::string_view& to) {
  if (root["model"].get(to) == simdjson::SUCCESS && !to.empty()) return absl::OkStatus();
  return Bad("you must provide a model parameter");
}

// A message's text: a string, or the text of its parts.
template <typename Each>
void ForEachText(dom::element message, Each each) {
  dom::element content;
  if (message["content"].get(content) != simdjson::SUCCESS) return;
  std::string_view text;
  if (content.get(text) == simdjson::SUCCESS) return each(text);
  dom::array parts;
  if (content.get(parts) != simdjson::SUCCESS) return;
  for (dom::element part : parts) {
    if (part["text"].get(text) == simdjson::SUCCESS) each(text);
  }
}

std::string_view Text(dom::element message, std::string_view key) {
  std::string_view text;
  return message[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}
std::string_view Role(dom::element message) { return Text(message, "role"); }
std::string_view Type(dom::element message) { return Text(message, "type"); }

// A function's name stands at `name_at` below its tool or the choice of it.
void ReadTools(dom::object root, std::string_view name_at, ChatRequest& chat) {
  std::string_view name;
  const std::string first = fmt::format("/tools/0{}", name_at);
  if (root.at_pointer(first).get(name) != simdjson::SUCCESS) return;
  chat.tool = name;

  dom::element choice;
  if (root["tool_choice"].get(choice) == simdjson::SUCCESS) {
    std::string_view word;
    if (choice.get(word) == simdjson::SUCCESS) {
      chat.tool_forced = word == "required";
      chat.tool_allowed = word != "none";
    } else if (choice.at_pointer(name_at).get(name) == simdjson::SUCCESS) {
      chat.tool = name;
      chat.tool_forced = true;
    }
  }
  // A tool's answer is followed by text, so that an agent's loop ends.
  if (chat.messages.empty()) return;
  const dom::element last = chat.messages.back();
  if (Role(last) == "tool" || Type(last) == "function_call_output") chat.tool_allowed = false;
}

absl::Status ReadInput(dom::element input, std::vector<std::string>& to) {
  std::string_view text;
  if (input.get(text) == simdjson::SUCCESS) {
    to.emplace_back(text);
    return absl::OkStatus();
  }
  dom::array tokens;
  if (input.get(tokens) != simdjson::SUCCESS) return Bad("Invalid type for 'input'.");
  std::string joined;
  for (dom::element each : tokens) {
    int64_t token = 0;
    if (each.get(token) != simdjson::SUCCESS) return Bad("Invalid type for 'input'.");
    joined += fmt::format("{}{}", joined.empty() ? "" : " ", token);
  }
  to.push_back(std::move(joined));
  return absl::OkStatus();
}

absl::Status ReadInputs(dom::object root, std::vector<std::string>& to) {
  dom::element input;
  if (root["input"].get(input) != simdjson::SUCCESS) return Bad("'input' is a required property");
  dom::array items;
  // A string is one input, and so is an array of tokens.
  if (input.get(items) != simdjson::SUCCESS || input.at(0).is_int64()) return ReadInput(input, to);
  if (items.size() == 0 || items.size() > kMaxInputs) return Bad("'input' wants 1 to 2048 items");
  for (dom::element each : items) {
    if (absl::Status read = ReadInput(each, to); !read.ok()) return read;
  }
  return absl::OkStatus();
}

}  // namespace

int64_t ChatRequest::PromptWords() const {
  int64_t words = CountWords(input) + CountWords(instructions);
  for (dom::element message : messages) {
    ForEachText(message, [&](std::string_view text) { words += CountWords(text); });
  }
  return words;
}

std::string ChatRequest::LastUserText() const {
  if (!input.empty()) return std::string(input);
  dom::element last;
  bool found = false;
  for (dom::element message : messages) {
    if (Role(message) != "user") continue;
    last = message;
    found = true;
  }
  std::string joined;
  if (!found) return joined;
  ForEachText(last, [&](std::string_view text) {
    if (!joined.empty()) joined += ' ';
    joined += text;
  });
  return joined;
}

absl::StatusOr<ChatRequest> ParseChatRequest(dom::parser& parser, std::string_view json) {
  absl::StatusOr<dom::object> root = ParseObject(parser, json);
  if (!root.ok()) return root.status();
  ChatRequest chat;
  if (absl::Status read = ReadModel(*root, chat.model); !read.ok()) return read;
  if (!ReadItems(*root, "messages", chat.messages)) {
    return Bad("Missing required parameter: 'messages'.");
  }
  // The newer name wins where both are given.
  for (const absl::Status& read :
       {Optional(*root, "stream", chat.stream), OptionalCount(*root, "max_tokens", chat.max_tokens),
        OptionalCount(*root, "max_completion_tokens", chat.max_tokens)}) {
    if (!read.ok()) return read;
  }
  dom::object options;
  if ((*root)["stream_options"].get(options) == simdjson::SUCCESS) {
    absl::Status read = Optional(options, "include_usage", chat.include_usage);
    if (!read.ok()) return read;
  }
  ReadTools(*root, "/function/name", chat);
  return chat;
}

absl::StatusOr<ChatRequest> ParseResponsesRequest(dom::parser& parser, std::string_view json) {
  absl::StatusOr<dom::object> root = ParseObject(parser, json);
  if (!root.ok()) return root.status();
  ChatRequest request;
  if (absl::Status read = ReadModel(*root, request.model); !read.ok()) return read;
  if ((*root)["input"].get(request.input) != simdjson::SUCCESS &&
      !ReadItems(*root, "input", request.messages)) {
    return Bad("Missing required parameter: 'input'.");
  }
  for (const absl::Status& read : {Optional(*root, "stream", request.stream),
                                   Optional(*root, "instructions", request.instructions),
                                   OptionalCount(*root, "max_output_tokens", request.max_tokens)}) {
    if (!read.ok()) return read;
  }
  ReadTools(*root, "/name", request);
  return request;
}

absl::StatusOr<EmbeddingsRequest> ParseEmbeddingsRequest(dom::parser& parser,
                                                         std::string_view json) {
  absl::StatusOr<dom::object> root = ParseObject(parser, json);
  if (!root.ok()) return root.status();
  EmbeddingsRequest request;
  std::string_view format = "float";
  for (const absl::Status& read :
       {ReadModel(*root, request.model), ReadInputs(*root, request.inputs),
        OptionalCount(*root, "dimensions", request.dimensions),
        Optional(*root, "encoding_format", format)}) {
    if (!read.ok()) return read;
  }
  if (format != "float" && format != "base64") return Bad("Invalid 'encoding_format'.");
  if (request.dimensions.value_or(1) > 8192) return Bad("Invalid 'dimensions': above the maximum.");
  request.base64 = format == "base64";
  return request;
}

}  // namespace weir::mock
