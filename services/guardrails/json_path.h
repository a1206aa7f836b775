#pragma once

#include <string>
#include <string_view>

#include "common/status/status.h"

namespace weir::guardrails {

// A place in a body of JSON: "$.messages[0].content"; "[*]" is every element of a list, ['name'] a
// name that a dot could not lead to. A value; thread-safe.
class JsonPath {
 public:
  static constexpr size_t kLongest = 256;  // Bytes.

  // kInvalidArgument: it is none, with the place where it is wrong.
  static absl::StatusOr<JsonPath> Parse(std::string_view text);

  // Whether `place`, of the same form without "[*]", is there or below: a list of parts stands
  // where a text may stand. Linear, no allocation.
  bool Covers(std::string_view place) const;

  const std::string& text() const { return text_; }

 private:
  explicit JsonPath(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace weir::guardrails
