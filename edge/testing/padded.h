#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace weir::edge::testing {

// A body as a connection hands it out: exactly 64 readable bytes behind its end, so that a
// sanitizer sees a read beyond.
class Padded {
 public:
  explicit Padded(std::string_view text)
      : bytes_(new char[text.size() + 64]()), size_(text.size()) {
    text.copy(bytes_.get(), size_);
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_;
};

}  // namespace weir::edge::testing
