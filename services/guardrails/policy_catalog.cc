#include "services/guardrails/policy_catalog.h"

#include <utility>

namespace weir::guardrails {

absl::StatusOr<PolicyCatalog> ReadPolicies(PolicyStore& store) {
  WEIR_ASSIGN_OR_RETURN(StoredPolicies stored, store.Load());
  PolicyCatalog catalog{.sequence = stored.sequence, .policies = {}};
  for (StoredPolicy& each : stored.policies) {
    v1::GuardrailPolicy policy;
    const bool is_it = policy.ParseFromString(each.document) && policy.name() == each.id.name &&
                       policy.organization() == each.id.organization;
    if (!is_it) {
      return status::DataLoss(
          "guardrail policy '{}' of organisation '{}' is stored in a form that cannot be read",
          each.id.name, each.id.organization);
    }
    catalog.policies.emplace(std::move(each.id), std::move(policy));
  }
  return catalog;
}

StoredPolicy ToStored(const v1::GuardrailPolicy& policy) {
  return {.id = {.organization = policy.organization(), .name = policy.name()},
          .document = policy.SerializeAsString()};
}

}  // namespace weir::guardrails
