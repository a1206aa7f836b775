#include "services/routing/model_rules.h"

#include <set>
#include <string>
#include <utility>

#include "common/text/excerpt.h"
#include "services/routing/field_rules.h"

namespace weir::routing {
namespace {

constexpr int kMaxTargets = 32;
constexpr int kMaxAliases = 32;
constexpr int64_t kMaxOutputTokens = 100'000'000;

// Another model to which clients already get by `name`.
const v1::Model* OtherOwner(const v1::Model& model, const std::string& name,
                            const Catalog& catalog) {
  const v1::Model* owner = catalog.FindModel({model.organization(), name});
  return owner != nullptr && owner->name() != model.name() ? owner : nullptr;
}

void CheckAliases(const v1::Model& model, const Catalog& catalog, status::BadFields& bad) {
  if (model.aliases_size() > kMaxAliases) {
    bad.Add("model.aliases", "has {} names, want at most {}", model.aliases_size(), kMaxAliases);
    return;
  }
  std::set<std::string> seen = {model.name()};
  for (int i = 0; i < model.aliases_size(); ++i) {
    const std::string path = fmt::format("model.aliases[{}]", i);
    const std::string& alias = model.aliases(i);
    CheckModelName(path, alias, bad);
    if (!seen.insert(alias).second) {
      bad.Add(path, "is '{}' again, want each name once", text::Excerpt(alias));
    } else if (const v1::Model* owner = OtherOwner(model, alias, catalog)) {
      bad.Add(path, "is '{}', which is the model '{}' already", alias, owner->name());
    }
  }
}

void CheckTargets(const v1::Model& model, status::BadFields& bad) {
  if (model.targets_size() < 1 || model.targets_size() > kMaxTargets) {
    bad.Add("model.targets", "has {} targets, want 1 to {}", model.targets_size(), kMaxTargets);
    return;
  }
  std::set<std::pair<std::string, std::string>> seen;
  for (int i = 0; i < model.targets_size(); ++i) {
    const std::string path = fmt::format("model.targets[{}]", i);
    const v1::Model::Target& target = model.targets(i);
    CheckName(path + ".provider", target.provider(), 3, bad);
    if (!target.upstream_model().empty()) {
      CheckModelName(path + ".upstream_model", target.upstream_model(), bad);
    }
    const std::string& upstream =
        target.upstream_model().empty() ? model.name() : target.upstream_model();
    if (!seen.emplace(target.provider(), upstream).second) {
      bad.Add(path, "is the same as one before it, want each once");
    }
  }
}

}  // namespace

v1::Model CheckModel(const v1::Model& model, const Catalog& catalog, status::BadFields& bad) {
  CheckOrganization("model.organization", model.organization(), bad);
  CheckModelName("model.name", model.name(), bad);
  if (const v1::Model* owner = OtherOwner(model, model.name(), catalog)) {
    bad.Add("model.name", "is '{}', which is an alias of the model '{}' already", model.name(),
            owner->name());
  }
  CheckAliases(model, catalog, bad);
  CheckTargets(model, bad);
  if (!v1::Model::Strategy_IsValid(model.strategy())) bad.Add("model.strategy", "is unknown");
  if (model.has_suspend_duration()) {
    CheckDuration("model.suspend_duration", model.suspend_duration(), kSuspendRange, bad);
  }
  bad.InRange("model.output_tokens_max", model.output_tokens_max(), 0, kMaxOutputTokens);
  v1::Model stored = model;
  stored.clear_created_at();
  return stored;
}

}  // namespace weir::routing
