#pragma once

#include <cstddef>
#include <string_view>

#include "common/text/ascii.h"

namespace weir::guardrails {

// Bytes that a match may have; one that goes on (Recognition::Tail) is decided within them.
inline constexpr size_t kLongestMatch = 254;
// And bytes after it that decide whether it ends there.
inline constexpr size_t kBoundary = 4;
inline constexpr size_t kMostRead = kLongestMatch + kBoundary;
// Bytes before a match that may decide about it.
inline constexpr size_t kContext = 64;

// What recognisers look at: the text from one start on, of which a stream may still lack the rest.
// It notes when somebody asks for what is not there yet: what he concludes is then worth nothing.
class Reader {
 public:
  static constexpr int kEnd = -1;

  // The text ends with `rest` where `is_whole`.
  Reader(std::string_view rest, bool is_whole)
      : rest_(rest.substr(0, kMostRead)), is_whole_(is_whole || rest.size() >= kMostRead) {}

  // 0 to 255, or kEnd at the end of the text and beyond what may be read.
  int At(size_t index) {
    if (index < rest_.size()) return static_cast<unsigned char>(rest_[index]);
    if (!is_whole_) is_starved_ = true;
    return kEnd;
  }
  bool HasDigit(size_t index) { return IsDigit(At(index)); }
  bool HasLetter(size_t index) { return IsLetter(At(index)); }
  bool HasAlnum(size_t index) { return IsDigit(At(index)) || IsLetter(At(index)); }
  bool Has(size_t index, char c) { return At(index) == static_cast<unsigned char>(c); }
  // What was read before.
  std::string_view Read(size_t index, size_t length) const { return rest_.substr(index, length); }

  // Somebody asked for what is not there yet.
  bool is_starved() const { return is_starved_; }

  static bool IsDigit(int c) { return c >= '0' && c <= '9'; }
  static bool IsLetter(int c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z' && c >= 0; }
  // First byte of a Latin letter with a mark: U+00C0 to U+024F.
  static bool IsLatinLead(int c) { return c >= 0xc3 && c <= 0xc9; }

 private:
  const std::string_view rest_;
  const bool is_whole_;
  bool is_starved_ = false;
};

}  // namespace weir::guardrails
