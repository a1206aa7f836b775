#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/crypto/hmac.h"
#include "services/guardrails/action.h"
#include "services/guardrails/placeholder_numbers.h"
#include "services/guardrails/vocabulary.h"

namespace weir::guardrails {

struct Replacement {
  std::string text;
  bool restore = false;  // The value is put back where the text comes back.
};

// What goes in the place of the values of one request. Not thread-safe.
class Replacements {
 public:
  enum class Numbering : uint8_t {
    kByValue,
    kByDigest,  // Under `key`, where there is one: `numbers` learns no value.
  };
  // All outlive it. Null `key`: the organisation has none, and what would be hashed is redacted.
  Replacements(const Vocabulary& vocabulary, PlaceholderNumbers& numbers, const crypto::Hmac* key,
               Numbering numbering = Numbering::kByValue)
      : vocabulary_(vocabulary), numbers_(numbers), key_(key), numbering_(numbering) {}

  // `treatment` is one that replaces.
  Replacement For(Kind kind, std::string_view value, const Treatment& treatment);
  Replacement For(Kind kind, std::string_view value, Action action) {
    return For(kind, value, Treatment{.action = action});
  }

  // Bytes of a digest that numbers are kept by.
  static constexpr size_t kDigestBytes = 8;

 private:
  std::string Placeholder(std::string_view type, std::string_view value);

  const Vocabulary& vocabulary_;
  PlaceholderNumbers& numbers_;
  const crypto::Hmac* const key_;
  const Numbering numbering_;
};

// Whether something else goes in the place of a value.
bool Replaces(Action action);

}  // namespace weir::guardrails
