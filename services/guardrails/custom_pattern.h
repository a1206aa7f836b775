#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "services/guardrails/pattern_shape.h"

namespace re2 {
class RE2;
}

namespace weir::guardrails {

// What a match has to pass besides. Marks in it do not count.
enum class Validator : uint8_t {
  kNone,
  kLuhn,   // Luhn's formula over its digits, of which it has at least two.
  kMod97,  // ISO 7064 MOD 97-10 as an IBAN has it: its first four letters and digits count last.
};

// "luhn", "mod97"; "" is kNone. Nothing: no validator has that name.
std::optional<Validator> ValidatorNamed(std::string_view name);

// A regular expression of somebody else, as a recogniser: linear in what it reads, whatever it
// says, and of a stream it waits for no more than its longest match. Immutable; copies share what
// was compiled. Thread-safe.
//
// A match has at most kLongestMatch bytes: an expression that could match more ("a+") matches the
// longest of at most that many, and what follows is looked at anew. So
// "a+" takes 600 times "a" as three matches, and "\ba+\b" none of it.
class CustomPattern {
 public:
  struct Options {
    bool ignore_case = false;
    Validator validator = Validator::kNone;
  };
  // Memory that a compiled expression and what it caches may take, in bytes.
  static constexpr size_t kMemory = 1 << 20;

  // kInvalidArgument: RE2 does not take the expression, or it has no shape (ShapeOf); the message
  // says what and where.
  static absl::StatusOr<CustomPattern> Compile(std::string_view expression, Options options);

  struct Found {
    size_t length = 0;      // Bytes; 0: no match begins there.
    bool is_open = false;   // What is still to come may change it.
    size_t none_until = 0;  // Before that place of the text no match begins, either.
  };
  // The longest match that begins at `at`, which is within the text; none where the validator does
  // not let it pass. Bytes before it are context.
  Found At(std::string_view text, size_t at, bool is_whole) const;

  const PatternShape& shape() const { return shape_; }

 private:
  CustomPattern(std::shared_ptr<const re2::RE2> expression, PatternShape shape, Validator validator)
      : expression_(std::move(expression)), shape_(std::move(shape)), validator_(validator) {}

  std::shared_ptr<const re2::RE2> expression_;
  PatternShape shape_;
  Validator validator_;
};

}  // namespace weir::guardrails
