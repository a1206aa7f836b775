#pragma once

#include "services/guardrails/policy_catalog.h"
#include "weir/guardrails/v1/guardrails.pb.h"

namespace weir::guardrails {

// What edges need to know of the policies: whom each is for, what it looks at. Two replicas make
// the same of the same change.
v1::PolicyTable MakePolicyTable(const PolicyCatalog& catalog);

}  // namespace weir::guardrails
