#include "services/guardrails/action.h"

#include <algorithm>
#include <array>

namespace weir::guardrails {
namespace {

// In the order of Action.
constexpr std::array<std::string_view, 8> kNames = {"allow", "flag", "partial", "tokenize",
                                                    "mask",  "hash", "redact",  "block"};

}  // namespace

std::string_view NameOf(Action action) { return kNames[static_cast<size_t>(action)]; }

std::optional<Action> ActionNamed(std::string_view name) {
  const auto* found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Action>(found - kNames.begin());
}

}  // namespace weir::guardrails
