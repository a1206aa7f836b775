#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "common/text/token_scan.h"

namespace weir::edge::openai {

// Goes once over a request's values: no object has the same key twice (parsers disagree on which
// one counts; keys are compared unescaped), nothing is nested too deep, and the text of the prompt
// is measured. One for each request, not thread-safe.
class TextWalk {
 public:
  static constexpr int kMaxDepth = 64;

  // What of a value is text of the prompt.
  enum class Text {
    kNone,
    kStrings,  // Strings, as in a message; roles and types are in its overhead, an image has a
               // price of its own.
    kJson,     // All of it, as in a tool's schema.
  };
  // The way from `value` to a key that an object below it has twice, ".content[0].text"; none where
  // all is well. `level` is the value's own in the body, whose object is on the first. `json` is
  // the value as it came, for kJson.
  std::optional<std::string> FindRepeatedKey(simdjson::dom::element value, int level, Text text,
                                             std::string_view json = {});
  // The same for this one object, without what is below: ".model".
  static std::optional<std::string> FindRepeatedKey(simdjson::dom::object object);

  // An array or object was below level kMaxDepth; what it holds was not looked at.
  bool too_deep() const { return too_deep_; }

  // A message of a chat adds its template's overhead.
  void AddMessages(int64_t count) { messages_ += count; }
  // Raw tokens of an embeddings input.
  void AddTokens(int64_t count) { tokens_ += count; }

  // No prompt like this has more tokens: bytes, 8 a message, a flat figure for an image.
  int64_t bound() const { return bytes_ + 8 * messages_ + tokens_ + kImageTokens * images_; }
  // The likely number, by the class scan; at most the bound.
  int64_t likely() const;

 private:
  // No provider's documented price for one image tile set is above this at common sizes.
  static constexpr int64_t kImageTokens = 1700;

  std::optional<std::string> WalkArray(simdjson::dom::array array, int level, Text text);
  std::optional<std::string> WalkObject(simdjson::dom::object object, int level, Text text);
  void AddText(std::string_view text);

  text::TokenScan scan_;
  int64_t bytes_ = 0;
  int64_t messages_ = 0;
  int64_t tokens_ = 0;
  int64_t images_ = 0;
  bool too_deep_ = false;
};

}  // namespace weir::edge::openai
