#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "services/guardrails/policy_store.h"
#include "weir/guardrails/v1/guardrails_admin.pb.h"

namespace weir::guardrails {

// All policies as of one change. Immutable once it is made.
struct PolicyCatalog {
  int64_t sequence = 0;
  std::map<PolicyName, v1::GuardrailPolicy> policies;

  // Null: there is none.
  const v1::GuardrailPolicy* Find(const PolicyName& name) const {
    const auto found = policies.find(name);
    return found == policies.end() ? nullptr : &found->second;
  }
};

// Reads everything; blocks. kUnavailable: the store cannot be asked. kDataLoss: what it holds is no
// policy.
absl::StatusOr<PolicyCatalog> ReadPolicies(PolicyStore& store);

// As it lies in a store.
StoredPolicy ToStored(const v1::GuardrailPolicy& policy);

}  // namespace weir::guardrails
