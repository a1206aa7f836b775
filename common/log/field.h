#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace weir::log {

template <typename T>
concept UnsignedNumber = std::unsigned_integral<T> && !std::same_as<T, bool>;

// A name with its unit ("retry_after_ms") and a value. Borrows both: made in a call to log::Info
// and gone after it.
//
// Text, whole numbers, floating-point numbers and bool. Nothing else converts, least of all a
// Redacted<T>.
class Field {
 public:
  using Value = std::variant<std::string_view, int64_t, uint64_t, double, bool>;

  Field(std::string_view name, std::string_view value) : name_(name), value_(value) {}
  Field(std::string_view name, const std::string& value)
      : name_(name), value_(std::string_view(value)) {}
  Field(std::string_view name, const char* value) : name_(name), value_(std::string_view(value)) {}
  Field(std::string_view name, std::same_as<bool> auto value) : name_(name), value_(value) {}
  Field(std::string_view name, std::signed_integral auto value)
      : name_(name), value_(static_cast<int64_t>(value)) {}
  Field(std::string_view name, UnsignedNumber auto value)
      : name_(name), value_(static_cast<uint64_t>(value)) {}
  Field(std::string_view name, std::floating_point auto value)
      : name_(name), value_(static_cast<double>(value)) {}
  Field(std::string_view name, char value) = delete;  // A number or a text?

  std::string_view name() const { return name_; }
  const Value& value() const { return value_; }

 private:
  std::string_view name_;
  Value value_;
};

}  // namespace weir::log
