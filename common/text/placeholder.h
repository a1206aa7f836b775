#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace weir::text {

// What stands in a text in the place of a value: "[[EMAIL-1]]". The type is 1 to 12 letters of
// A to Z, the number 1 to 9999.
std::string FormatPlaceholder(std::string_view type, int number);

inline constexpr size_t kLongestPlaceholderType = 12;
inline constexpr int kMostPlaceholders = 9999;

// What begins at one place of a text.
struct PlaceholderRead {
  enum class Kind : uint8_t {
    kNone,
    kOpen,  // What is still to come decides.
    kFound,
  };
  Kind kind = Kind::kNone;
  size_t length = 0;      // Bytes, of what was found.
  std::string canonical;  // As FormatPlaceholder writes it.
};

// Reads a placeholder at the beginning of `rest` as models write them: letters of either case, one
// outer bracket lost on either side, a space between any two of its parts, '_' for '-'. Its type
// and number must be there whole. The text ends with `rest` where `is_whole`.
//
// kOpen at most for kLongestWritten - 1 bytes.
PlaceholderRead ReadPlaceholder(std::string_view rest, bool is_whole);
inline constexpr size_t kLongestWritten = 32;

// Values by their placeholders: of one request, in memory, never shared. Not for logs.
class PlaceholderMap {
 public:
  // The first value that a placeholder is given stays.
  void Add(std::string canonical, std::string value) {
    values_.try_emplace(std::move(canonical), std::move(value));
  }
  // Null: this request has none of that name.
  const std::string* Find(std::string_view canonical) const {
    const auto found = values_.find(canonical);
    return found == values_.end() ? nullptr : &found->second;
  }
  bool empty() const { return values_.empty(); }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

// Puts values back into a text that comes in pieces. What the pieces are changes nothing; at most
// kLongestWritten - 1 bytes are held back. Placeholders that the map does not have stay as they
// are, and what was put back is not read again.
//
// Not thread-safe. `values` outlives it.
class Restorer {
 public:
  explicit Restorer(const PlaceholderMap& values) : values_(values) {}

  // The text that is settled now. After the last piece nothing is held back.
  std::string Feed(std::string_view piece, bool is_last);

  size_t held() const { return held_.size(); }

 private:
  const PlaceholderMap& values_;
  std::string held_;
};

}  // namespace weir::text
