#include "edge/dialects/openai/text_walk.h"

#include <algorithm>
#include <array>
#include <vector>

#include "common/text/excerpt.h"

namespace weir::edge::openai {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kFewKeys = 16;

// Compares each with each: no allocation for what nearly all objects are.
std::optional<std::string_view> RepeatedOfFew(dom::object object) {
  std::array<std::string_view, kFewKeys> keys;
  size_t count = 0;
  for (const auto field : object) {
    const std::string_view key = field.key;
    for (size_t i = 0; i < count; ++i) {
      if (keys[i] == key) return key;
    }
    keys[count++] = key;
  }
  return std::nullopt;
}

std::optional<std::string_view> RepeatedOfMany(dom::object object) {
  std::vector<std::string_view> keys;
  keys.reserve(object.size());
  for (const auto field : object) keys.push_back(field.key);
  std::sort(keys.begin(), keys.end());
  const auto repeated = std::adjacent_find(keys.begin(), keys.end());
  return repeated == keys.end() ? std::nullopt : std::optional(*repeated);
}

// The size that an object knows of itself is cut off at 2^24: such a one has many keys all the
// same.
std::optional<std::string_view> Repeated(dom::object object) {
  return object.size() <= kFewKeys ? RepeatedOfFew(object) : RepeatedOfMany(object);
}

}  // namespace

int64_t TextWalk::likely() const {
  const int64_t likely = scan_.tokens() + 4 * messages_ + tokens_ + kImageTokens / 2 * images_;
  return std::min(likely, bound());
}

void TextWalk::AddText(std::string_view text) {
  bytes_ += static_cast<int64_t>(text.size());
  scan_.Feed(text);
}

std::optional<std::string> TextWalk::FindRepeatedKey(dom::object object) {
  const std::optional<std::string_view> key = Repeated(object);
  if (!key) return std::nullopt;
  return "." + text::Excerpt(*key);
}

std::optional<std::string> TextWalk::FindRepeatedKey(dom::element value, int level, Text text,
                                                     std::string_view json) {
  const int64_t bytes_before = bytes_;
  std::optional<std::string> repeated;
  switch (value.type()) {
    case dom::element_type::STRING:
      if (text != Text::kNone) AddText(value.get_string().value_unsafe());
      break;
    case dom::element_type::ARRAY:
      repeated = WalkArray(value.get_array().value_unsafe(), level, text);
      break;
    case dom::element_type::OBJECT:
      repeated = WalkObject(value.get_object().value_unsafe(), level, text);
      break;
    default:
      break;
  }
  // Names, numbers and marks of a schema are text of the prompt too.
  if (!json.empty()) bytes_ = bytes_before + static_cast<int64_t>(json.size());
  return repeated;
}

// The way is put together on the way back, where there is a fault: a hostile body has long keys
// around many values.
std::optional<std::string> TextWalk::WalkArray(dom::array array, int level, Text text) {
  if (too_deep_ = too_deep_ || level > kMaxDepth; too_deep_) return std::nullopt;
  size_t index = 0;
  for (const dom::element each : array) {
    if (auto repeated = FindRepeatedKey(each, level + 1, text)) {
      return fmt::format("[{}]{}", index, *repeated);
    }
    ++index;
  }
  return std::nullopt;
}

std::optional<std::string> TextWalk::WalkObject(dom::object object, int level, Text text) {
  if (too_deep_ = too_deep_ || level > kMaxDepth; too_deep_) return std::nullopt;
  if (auto repeated = FindRepeatedKey(object)) return repeated;
  for (const auto field : object) {
    const std::string_view key = field.key;
    Text inner = text;
    if (text == Text::kStrings && key == "image_url") {
      ++images_;
      inner = Text::kNone;
    } else if (text == Text::kStrings && (key == "role" || key == "type")) {
      inner = Text::kNone;
    } else if (text == Text::kJson) {
      AddText(key);
    }
    if (auto repeated = FindRepeatedKey(field.value, level + 1, inner)) {
      return "." + text::Excerpt(key) + *repeated;
    }
  }
  return std::nullopt;
}

}  // namespace weir::edge::openai
