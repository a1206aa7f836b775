#pragma once

#include <string>
#include <string_view>

#include "common/crypto/hmac.h"
#include "services/guardrails/action.h"
#include "services/guardrails/placeholder_numbers.h"

namespace weir::guardrails {

struct Replacement {
  std::string text;
  bool restore = false;  // The value is put back where the text comes back.
};

// What goes in the place of the values of one request. Not thread-safe.
class Replacements {
 public:
  // Both outlive it. Null `key`: the organisation has none, and what would be hashed is redacted.
  Replacements(PlaceholderNumbers& numbers, const crypto::Hmac* key)
      : numbers_(numbers), key_(key) {}

  // `action` is one that replaces.
  Replacement For(Entity entity, std::string_view value, Action action);

 private:
  PlaceholderNumbers& numbers_;
  const crypto::Hmac* const key_;
};

// Whether something else goes in the place of a value.
bool Replaces(Action action);

}  // namespace weir::guardrails
