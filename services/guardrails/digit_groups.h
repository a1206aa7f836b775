#pragma once

#include <array>
#include <string_view>

#include "services/guardrails/reader.h"

namespace weir::guardrails {

// Digits in groups: what lies between two of them is one of the given separators, once.
class DigitGroups {
 public:
  static constexpr size_t kMostDigits = 20;
  struct Group {
    size_t digits = 0;   // Up to and with this one.
    size_t end = 0;      // Of the text.
    char separator = 0;  // Before it; 0: it is the first.
  };

  // From the digit at `begin` on; reads no more than `most` digits and what follows them. A group
  // is there whole, or not at all.
  DigitGroups(Reader& reader, size_t begin, std::string_view separators, size_t most = kMostDigits);

  size_t size() const { return size_; }
  const Group& operator[](size_t i) const { return groups_[i]; }
  // Digits of group `i` alone.
  size_t digits_of(size_t i) const {
    return groups_[i].digits - (i == 0 ? 0 : groups_[i - 1].digits);
  }
  // The digits of the first `groups` groups.
  std::string_view Digits(size_t groups) const {
    return {digits_.data(), groups == 0 ? 0 : groups_[groups - 1].digits};
  }
  // Whether the first `groups` groups have one separator between them all.
  bool IsUniform(size_t groups) const;

 private:
  std::array<char, kMostDigits> digits_{};
  std::array<Group, kMostDigits> groups_{};
  size_t size_ = 0;
};

// Whether a number may end there: no letter, digit or '_' follows, nor a mark with a digit behind.
bool EndsNumber(Reader& reader, size_t end);

// Whether a number may begin after `before`: not in the middle of an identifier, a decimal, a date
// or an amount of money.
bool MayBeginNumber(std::string_view before);

}  // namespace weir::guardrails
