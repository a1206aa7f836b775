#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace weir::edge {

// Headers of an answer in their order, as the lines that go out: an answer has a dozen of them, and
// nobody asks for one again.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string_view, std::string_view>> all) {
    for (const auto& [name, value] : all) Add(name, value);
  }

  // `name` in lower case; `value` without line ends.
  void Add(std::string_view name, std::string_view value) {
    lines_.append(name).append(": ").append(value).append("\r\n");
  }
  void Add(std::string_view name, int64_t value) {
    const fmt::format_int digits(value);
    Add(name, std::string_view(digits.data(), digits.size()));
  }
  void Add(const Headers& more) { lines_.append(more.lines_); }
  void Reserve(size_t bytes) { lines_.reserve(bytes); }

  // Each ends with CR LF.
  std::string_view lines() const { return lines_; }

 private:
  std::string lines_;
};

}  // namespace weir::edge
