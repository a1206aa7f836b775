#include "services/guardrails/compiled_policies.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <utility>

#include "common/log/log.h"
#include "common/text/excerpt.h"

namespace weir::guardrails {
namespace {

using google::protobuf::util::MessageDifferencer;

void TellOfFault(const PolicyName& name, const CompiledPolicy& policy) {
  if (policy.fault.empty()) return;
  log::Error(
      "guardrails.policy.unusable",
      {{"organization", name.organization}, {"policy", name.name}, {"reason", policy.fault}});
}

}  // namespace

std::shared_ptr<const CompiledPolicies> CompiledPolicies::Compile(
    std::shared_ptr<const PolicyCatalog> catalog, const CompiledPolicies* before,
    PatternPool& patterns) {
  auto compiled = std::make_shared<CompiledPolicies>();
  for (const auto& [name, policy] : catalog->policies) {
    const v1::GuardrailPolicy* old = before == nullptr ? nullptr : before->catalog().Find(name);
    if (old != nullptr && MessageDifferencer::Equals(*old, policy)) {
      compiled->policies_.emplace(name, before->policies_.at(name));
      continue;
    }
    std::shared_ptr<const CompiledPolicy> made = CompilePolicy(policy, patterns);
    TellOfFault(name, *made);
    compiled->policies_.emplace(name, std::move(made));
  }
  compiled->catalog_ = std::move(catalog);
  return compiled;
}

absl::Status CompiledPolicies::AddTo(CompiledPolicyList& found, const PolicyName& name) const {
  const auto policy = policies_.find(name);
  if (policy == policies_.end()) {
    return status::FailedPrecondition("guardrail policy '{}' of organisation '{}' is not known",
                                      text::Excerpt(name.name), text::Excerpt(name.organization));
  }
  if (!policy->second->fault.empty()) {
    return status::FailedPrecondition("guardrail policy '{}' of organisation '{}' is unusable: {}",
                                      name.name, name.organization, policy->second->fault);
  }
  if (std::ranges::find(found, policy->second) == found.end()) found.push_back(policy->second);
  return absl::OkStatus();
}

absl::Status CompiledPolicies::TooMany(int got) {
  return status::InvalidArgument("the request names {} policies, want at most {}", got, kMostNamed);
}

std::shared_ptr<PolicyUnion> PolicyUnions::Of(CompiledPolicyList policies) {
  std::string key;
  for (const auto& each : policies) {
    key.append(reinterpret_cast<const char*>(&each->identity), sizeof(each->identity));
  }
  MutexLock lock(mutex_);
  if (const auto* known = unions_.Find(key)) return *known;
  auto made = std::make_shared<PolicyUnion>(std::move(policies));
  unions_.Put(key, made);
  return made;
}

}  // namespace weir::guardrails
