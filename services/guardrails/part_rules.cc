#include "services/guardrails/part_rules.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "services/guardrails/replacements.h"

namespace weir::guardrails {
namespace {

// What is looked for: an entity, or a pattern.
struct Sought {
  std::optional<Entity> entity;
  std::shared_ptr<const CompiledPattern> pattern;
};

// Everything that is said about one kind of value.
struct Said {
  Sought what;
  RuleOf acting;  // The strictest that is not in shadow, of equal ones the first. May be none.
  std::vector<RuleOf> shadows;
};

// By the name of what is looked for, entities first.
class Collected {
 public:
  void Add(const RuleOf& each) {
    const CompiledRule& rule = *each.rule;
    for (const Entity entity : kAllEntities) {
      if (rule.entities.Has(entity)) {
        Add({.entity = entity, .pattern = nullptr}, std::string(1, static_cast<char>(entity)),
            each);
      }
    }
    if (rule.pattern != nullptr) {
      Add({.entity = {}, .pattern = rule.pattern}, rule.pattern->identity, each);
    }
  }
  const std::map<std::string, Said>& all() const { return all_; }

 private:
  void Add(Sought what, const std::string& name, const RuleOf& each) {
    Said& said = all_[name];
    said.what = std::move(what);
    if (each.rule->shadow) {
      said.shadows.push_back(each);
    } else if (said.acting.rule == nullptr || said.acting.rule->action < each.rule->action) {
      said.acting = each;
    }
  }

  std::map<std::string, Said> all_;
};

// One reading in the making.
class Draft {
 public:
  explicit Draft(PartRules::Reading& reading) : reading_(reading) {
    reading_.treatments.resize(kEntities);
    reading_.told.resize(kEntities);
    reading_.vocabulary.ranks.resize(kEntities);
  }

  absl::Status Add(const Sought& what, const Treatment& treatment, std::vector<RuleOf> told) {
    WEIR_ASSIGN_OR_RETURN(const size_t index, PlaceOf(what));
    reading_.vocabulary.ranks[index] = static_cast<uint8_t>(treatment.action);
    reading_.treatments[index] = treatment;
    reading_.told[index] = std::move(told);
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<size_t> PlaceOf(const Sought& what) {
    Vocabulary& vocabulary = reading_.vocabulary;
    if (what.entity) {
      vocabulary.entities.Add(*what.entity);
      return Kind(*what.entity).index();
    }
    const size_t number = vocabulary.patterns.size();
    if (number == Vocabulary::kMostPatterns) {
      return status::FailedPrecondition("the policies have more than {} patterns together",
                                        Vocabulary::kMostPatterns);
    }
    vocabulary.patterns.push_back(
        {what.pattern->type, what.pattern->placeholder_type, what.pattern->expression});
    vocabulary.ranks.emplace_back();
    reading_.treatments.emplace_back();
    reading_.told.emplace_back();
    return Kind::OfPattern(number).index();
  }

  PartRules::Reading& reading_;
};

Treatment TreatmentOf(const CompiledRule& rule) {
  return {.action = rule.action, .shadow = rule.shadow, .replacement = rule.replacement};
}

// What lets a value pass is told of by nobody; but that a secret was there must be known.
bool IsWatched(const Said& said) {
  if (!said.shadows.empty()) return true;
  if (said.acting.rule == nullptr) return false;
  const Action action = said.acting.rule->action;
  return action == Action::kFlag ||
         (action == Action::kAllow && said.what.entity == Entity::kSecret);
}

std::vector<RuleOf> Watchers(const Said& said) {
  std::vector<RuleOf> watchers = said.shadows;
  const bool flags = said.acting.rule != nullptr && said.acting.rule->action == Action::kFlag;
  if (flags) watchers.insert(watchers.begin(), said.acting);
  std::erase_if(watchers, [](const RuleOf& each) { return each.rule->action == Action::kAllow; });
  return watchers;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const PartRules>> PartRules::Make(std::span<const RuleOf> rules) {
  Collected collected;
  auto made = std::make_shared<PartRules>();
  for (const RuleOf& each : rules) {
    collected.Add(each);
    const bool says = each.rule->action != Action::kAllow;
    if (says && each.rule->phrases != nullptr) made->deny_lists_.push_back(each);
    if (says && each.rule->injection_from > 0) made->injections_.push_back(each);
  }
  Draft blocking(made->blocking_), replacing(made->replacing_), watching(made->watching_);
  for (const auto& [name, said] : collected.all()) {
    const CompiledRule* acting = said.acting.rule;
    if (acting != nullptr && acting->action == Action::kBlock) {
      WEIR_RETURN_IF_ERROR(blocking.Add(said.what, TreatmentOf(*acting), {said.acting}));
    }
    if (acting != nullptr && Replaces(acting->action)) {
      WEIR_RETURN_IF_ERROR(replacing.Add(said.what, TreatmentOf(*acting), {said.acting}));
    }
    if (IsWatched(said)) {
      WEIR_RETURN_IF_ERROR(watching.Add(said.what, {.action = Action::kFlag}, Watchers(said)));
    }
  }
  return made;
}

}  // namespace weir::guardrails
