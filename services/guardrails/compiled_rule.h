#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/json/json_path.h"
#include "common/status/status.h"
#include "services/guardrails/action.h"
#include "services/guardrails/deny_list.h"
#include "services/guardrails/entity.h"
#include "services/guardrails/injection.h"
#include "services/guardrails/pattern_pool.h"
#include "weir/guardrails/v1/guardrails_admin.pb.h"

namespace weir::guardrails {

// Where a text stands: what rules ask about.
struct PartPlace {
  v1::Direction direction = v1::DIRECTION_UNSPECIFIED;
  std::string_view path;
  std::string_view role;
};

// Who wrote a part, by its role (Part.role).
Provenance ProvenanceOf(std::string_view role);

// A rule of a policy, ready to be asked. Immutable; thread-safe.
struct CompiledRule {
  std::string name;
  // What it looks for: one of these.
  EntitySet entities;
  std::shared_ptr<const CompiledPattern> pattern;
  std::shared_ptr<const DenyList> phrases;
  bool phrase_parts = false;  // They also match inside of words.
  double injection_from = 0;  // The score from which on a text is one. 0: it looks for none.

  Action action = Action::kAllow;
  bool shadow = false;
  bool requests = false;
  bool responses = false;
  std::vector<json::JsonPath> paths;  // Empty: everything.
  std::vector<std::string> roles;     // Empty: everybody.
  std::string replacement;

  bool LooksAt(const PartPlace& place) const;
  // Whether it treats all parts of a direction alike.
  bool IsScoped() const { return !paths.empty() || !roles.empty(); }
};

// Compiles a rule that its checks have passed (rule_rules.h). kInvalidArgument: it has not.
absl::StatusOr<CompiledRule> CompileRule(const v1::Rule& rule, PatternPool& patterns);

}  // namespace weir::guardrails
