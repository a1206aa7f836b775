#include "services/guardrails/finding_list.h"

#include <string>

namespace weir::guardrails {

void FindingList::Add(const PartRules::Reading& reading, Kind kind, const Place& place) {
  const std::string_view type = reading.vocabulary.NameOf(kind);
  const std::string_view label = kind.is_pattern() ? kAnyPattern : type;
  has_secret_ = has_secret_ || kind == Entity::kSecret;
  for (const RuleOf& each : reading.told[kind.index()]) Add(each, type, label, place);
}

void FindingList::Add(const RuleOf& each, std::string_view type, std::string_view label,
                      const Place& place) {
  const CompiledRule& rule = *each.rule;
  ++tally_[{.action = rule.action, .entity = label, .shadow = rule.shadow}];
  if (findings_.size() >= kMostFindings) return;
  v1::Finding& finding = *findings_.Add();
  finding.set_policy(each.policy->name);
  finding.set_rule(rule.name);
  finding.set_entity_type(std::string(type));
  finding.set_action(std::string(NameOf(rule.action)));
  finding.set_shadow(rule.shadow);
  finding.set_part(place.part);
  finding.set_offset(place.offset);
  finding.set_length(place.length);
}

}  // namespace weir::guardrails
