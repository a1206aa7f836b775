#pragma once

#include <utility>

namespace weir::log {

// A value that must never be shown: a prompt, an answer, a key. It has no formatter, no stream
// operator and no conversion, so that logging or formatting one does not compile; who needs the
// value says Reveal(), which a reviewer can search for.
template <typename T>
class Redacted {
 public:
  Redacted() = default;
  explicit Redacted(T value) : value_(std::move(value)) {}

  const T& Reveal() const { return value_; }

 private:
  T value_{};
};

}  // namespace weir::log
