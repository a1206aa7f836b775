#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::guardrails {

// What is done about a value, from the mildest to the strictest.
enum class Action : uint8_t {
  kAllow,     // Nothing.
  kFlag,      // It goes, and is told of.
  kPartial,   // Goes with all but the last four characters as '*'; an email with its ends.
  kTokenize,  // A placeholder goes; the value is put back into the answer.
  kMask,      // A placeholder goes, and stays in the answer.
  kHash,      // Goes as 12 hexadecimal digits under the organisation's key.
  kRedact,    // Its type goes.
  kBlock,     // Nothing of the whole goes.
};

// As policies and findings name it: "tokenize".
std::string_view NameOf(Action action);
// Nothing: no action has that name.
std::optional<Action> ActionNamed(std::string_view name);

struct Treatment {
  Action action = Action::kAllow;
  // It is told of, and what would be done is not.
  bool shadow = false;
  // Of a value that is masked, redacted or shown in part: what stands in its place. "{last4}" is
  // its last four digits or letters. Empty: as the action has it.
  std::string replacement = {};
};

// By Kind::index(), of every kind of a vocabulary.
using Treatments = std::vector<Treatment>;

}  // namespace weir::guardrails
