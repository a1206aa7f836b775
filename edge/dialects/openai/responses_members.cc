#include "edge/dialects/openai/responses_members.h"

#include "edge/dialects/openai/bad_field.h"

namespace weir::edge::openai {

namespace dom = simdjson::dom;

namespace {

using Text = TextWalk::Text;

bool IsKeptPrompt(std::string_view key) {
  return key == "previous_response_id" || key == "conversation" || key == "prompt";
}

// Becomes part of the prompt whole: schemas of tools and of the answer, variables of a prompt.
bool IsPromptJson(std::string_view key) {
  return key == "tools" || key == "text" || key == "prompt";
}

}  // namespace

absl::Status ResponsesMembers::Read(std::string_view key, dom::element value, Span at,
                                    std::string_view original) {
  if (key == "model") return Model(value, at);
  if (key == "input") return Input(value);
  if (key == "instructions") return Instructions(value);
  if (key == "stream") return Flag(key, value, body_.stream);
  if (key == "max_output_tokens") return Cap(key, value, at, body_.max_output_tokens_at);
  if (key == "background") return Background(value);
  if (IsKeptPrompt(key) && !value.is_null()) kept_seen_ = true;
  if (IsPromptJson(key)) {
    return Walk(value, key, Text::kJson, original.substr(at.offset, at.length));
  }
  return Walk(value, key, Text::kNone);
}

absl::Status ResponsesMembers::CheckWhole() {
  if (input_seen_ || kept_seen_) return absl::OkStatus();
  return BadField("input", "is missing or empty: want a string or an array of items");
}

absl::Status ResponsesMembers::Input(dom::element value) {
  if (value.is_null()) return absl::OkStatus();
  if (value.type() == dom::element_type::STRING) {
    input_seen_ = true;
    walk_.AddMessages(1);
    return Walk(value, "input", Text::kStrings);
  }
  if (value.type() != dom::element_type::ARRAY) {
    return BadField("input", "is not a string or an array of items");
  }
  int64_t count = 0;
  for (const dom::element each : value.get_array().value_unsafe()) {
    const std::string path = fmt::format("input[{}]", count++);
    if (each.type() != dom::element_type::OBJECT) return BadField(path, "is not an object");
    const auto repeated = walk_.FindRepeatedKey(each, 3, Text::kStrings);
    if (repeated) return BadField(path + *repeated, std::string(kTwice));
  }
  input_seen_ = count > 0;
  walk_.AddMessages(count);
  return absl::OkStatus();
}

absl::Status ResponsesMembers::Instructions(dom::element value) {
  if (value.is_null()) return absl::OkStatus();
  if (value.type() != dom::element_type::STRING) {
    return BadField("instructions", "is not a string");
  }
  walk_.AddMessages(1);
  return Walk(value, "instructions", Text::kStrings);
}

// The answer to such a request comes by another way than this one, where nobody counts it.
absl::Status ResponsesMembers::Background(dom::element value) {
  bool background = false;
  WEIR_RETURN_IF_ERROR(Flag("background", value, background));
  if (!background) return absl::OkStatus();
  return BadField("background", "is true, which is not supported: want it false or left out");
}

}  // namespace weir::edge::openai
