#include "edge/dialects/openai/member_reader.h"

#include <algorithm>

#include "common/text/excerpt.h"
#include "edge/dialects/openai/bad_field.h"

namespace weir::edge::openai {

namespace dom = simdjson::dom;

namespace {

constexpr size_t kMaxModel = 200;
constexpr int64_t kMaxTokens = 10'000'000;

}  // namespace

absl::Status MemberReader::Finish() {
  WEIR_RETURN_IF_ERROR(CheckWhole());
  if (walk_.too_deep()) {
    return status::InvalidArgument("the body is nested over {} levels deep", TextWalk::kMaxDepth);
  }
  if (cap_) body_.output_tokens_declared = *cap_ * body_.choices;
  body_.input_tokens_bound = walk_.bound();
  body_.input_tokens_likely = walk_.likely();
  return absl::OkStatus();
}

absl::Status MemberReader::Model(dom::element value, Span at) {
  if (value.type() != dom::element_type::STRING) return BadField("model", "is not a string");
  const std::string_view name = value.get_string().value_unsafe();
  if (name.empty() || name.size() > kMaxModel) {
    return BadField("model", fmt::format("has {} bytes: want 1 to {}", name.size(), kMaxModel));
  }
  body_.model = name;
  body_.model_at = {at, true};
  return absl::OkStatus();
}

absl::Status MemberReader::Flag(std::string_view key, dom::element value, bool& out) {
  if (value.is_null()) return absl::OkStatus();
  if (value.type() != dom::element_type::BOOL)
    return BadField(std::string(key), "is not true or false");
  out = value.get_bool().value_unsafe();
  return absl::OkStatus();
}

absl::Status MemberReader::Cap(std::string_view key, dom::element value, Span at, Member& member) {
  member = {at, true};
  if (value.is_null()) return absl::OkStatus();
  int64_t tokens = 0;
  if (!value.is_int64() || (tokens = value.get_int64().value_unsafe()) < 1 || tokens > kMaxTokens) {
    return BadField(std::string(key),
                    fmt::format("is not a whole number from 1 to {}", kMaxTokens));
  }
  cap_ = std::max(cap_.value_or(0), tokens);
  return absl::OkStatus();
}

absl::Status MemberReader::Walk(dom::element value, std::string_view key, TextWalk::Text text,
                                std::string_view json) {
  const auto repeated = walk_.FindRepeatedKey(value, 2, text, json);
  if (!repeated) return absl::OkStatus();
  return BadField(text::Excerpt(key) + *repeated, std::string(kTwice));
}

}  // namespace weir::edge::openai
