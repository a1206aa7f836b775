#pragma once

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
  // All outlive it. Null `key`: the organisation has none, and what would be hashed is redacted.
  Replacements(const Vocabulary& vocabulary, PlaceholderNumbers& numbers, const crypto::Hmac* key)
      : vocabulary_(vocabulary), numbers_(numbers), key_(key) {}

  // `action` is one that replaces.
  Replacement For(Kind kind, std::string_view value, Action action);

 private:
  const Vocabulary& vocabulary_;
  PlaceholderNumbers& numbers_;
  const crypto::Hmac* const key_;
};

// Whether something else goes in the place of a value.
bool Replaces(Action action);

}  // namespace weir::guardrails
