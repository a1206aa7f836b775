#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "services/guardrails/pattern_shape.h"

namespace re2 {
class RE2;
}

namespace weir::guardrails {

// A regular expression of somebody else, as a recogniser: linear in what it reads, whatever it
// says, and of a stream it waits for no more than its longest match. Immutable; copies share what
// was compiled. Thread-safe.
class CustomPattern {
 public:
  struct Options {
    bool ignore_case = false;
  };
  // Memory that a compiled expression and what it caches may take, in bytes.
  static constexpr size_t kMemory = 1 << 20;

  // kInvalidArgument: RE2 does not take the expression, or it has no shape (ShapeOf); the message
  // says what and where.
  static absl::StatusOr<CustomPattern> Compile(std::string_view expression, Options options);

  struct Found {
    size_t length = 0;     // Bytes; 0: no match begins there.
    bool is_open = false;  // What is still to come may change it.
  };
  // The longest match that begins at `at`, which is within the text. Bytes before it are context.
  Found At(std::string_view text, size_t at, bool is_whole) const;

  const PatternShape& shape() const { return shape_; }

 private:
  CustomPattern(std::shared_ptr<const re2::RE2> expression, PatternShape shape)
      : expression_(std::move(expression)), shape_(std::move(shape)) {}

  std::shared_ptr<const re2::RE2> expression_;
  PatternShape shape_;
};

}  // namespace weir::guardrails
