#include "services/guardrails/compiled_rule.h"

#include <algorithm>

namespace weir::guardrails {
namespace {

constexpr double kUsualThreshold = 0.8;

absl::StatusOr<EntitySet> EntitiesOf(const v1::Rule::Entities& entities) {
  EntitySet set;
  for (const std::string& name : entities.types()) {
    const std::optional<Entity> entity = EntityNamed(name);
    if (!entity) return status::InvalidArgument("entity is '{}', which is none", name);
    set.Add(*entity);
  }
  return entities.types().empty() ? EntitySet::Usual() : set;
}

absl::Status CompileDetector(const v1::Rule& rule, PatternPool& patterns, CompiledRule& compiled) {
  switch (rule.detector_case()) {
    case v1::Rule::kEntities: {
      WEIR_ASSIGN_OR_RETURN(compiled.entities, EntitiesOf(rule.entities()));
      return absl::OkStatus();
    }
    case v1::Rule::kPattern: {
      WEIR_ASSIGN_OR_RETURN(compiled.pattern, patterns.Get(rule.pattern()));
      return absl::OkStatus();
    }
    case v1::Rule::kDenyList: {
      const auto& phrases = rule.deny_list().phrases();
      compiled.phrase_parts = rule.deny_list().parts_of_words();
      WEIR_ASSIGN_OR_RETURN(DenyList list, DenyList::Compile({phrases.begin(), phrases.end()},
                                                             compiled.phrase_parts));
      compiled.phrases = std::make_shared<const DenyList>(std::move(list));
      return absl::OkStatus();
    }
    case v1::Rule::kInjection: {
      const double threshold = rule.injection().threshold();
      compiled.injection_from = threshold == 0 ? kUsualThreshold : threshold;
      return absl::OkStatus();
    }
    default:
      return status::InvalidArgument("rule '{}' looks for nothing", rule.name());
  }
}

bool GoesFor(const v1::Rule& rule, v1::Direction direction) {
  const auto& directions = rule.directions();
  return directions.empty() || std::ranges::find(directions, direction) != directions.end();
}

}  // namespace

Provenance ProvenanceOf(std::string_view role) {
  if (role == "system" || role == "developer") return Provenance::kSystem;
  if (role == "user") return Provenance::kUser;
  if (role == "tool") return Provenance::kTool;
  if (role == "assistant" || role == "tool_arguments") return Provenance::kAssistant;
  return Provenance::kUnknown;
}

bool CompiledRule::LooksAt(const PartPlace& place) const {
  const bool is_request = place.direction == v1::DIRECTION_REQUEST;
  if (!(is_request ? requests : responses)) return false;
  if (!roles.empty() && std::ranges::find(roles, place.role) == roles.end()) return false;
  // Answers are looked at whole.
  if (!is_request || paths.empty()) return true;
  const json::TextPaths here({place.path});
  return std::ranges::any_of(paths, [&](const auto& each) { return here.IsSelected(each, 0); });
}

absl::StatusOr<CompiledRule> CompileRule(const v1::Rule& rule, PatternPool& patterns) {
  const std::optional<Action> action = ActionNamed(rule.action());
  if (!action) return status::InvalidArgument("rule '{}' has no action", rule.name());
  CompiledRule compiled;
  compiled.name = rule.name();
  compiled.action = *action;
  compiled.shadow = rule.shadow();
  compiled.requests = GoesFor(rule, v1::DIRECTION_REQUEST);
  compiled.responses = GoesFor(rule, v1::DIRECTION_RESPONSE);
  compiled.roles = {rule.roles().begin(), rule.roles().end()};
  compiled.replacement = rule.replacement();
  // What is put back into answers has nothing to stand for in them.
  if (*action == Action::kTokenize) compiled.responses = false;
  for (const std::string& each : rule.json_paths()) {
    WEIR_ASSIGN_OR_RETURN(json::JsonPath path, json::JsonPath::Compile(each));
    compiled.paths.push_back(std::move(path));
  }
  WEIR_RETURN_IF_ERROR(CompileDetector(rule, patterns, compiled));
  return compiled;
}

}  // namespace weir::guardrails
