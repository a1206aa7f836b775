#pragma once

#include "common/crypto/hmac.h"
#include "services/guardrails/compiled_policies.h"
#include "weir/guardrails/v1/guardrails_admin.pb.h"

namespace weir::guardrails {

// What the policies that `request` names, and the one that it brings, make of its parts. Remembers
// and counts nothing. kInvalidArgument with BadFields; kFailedPrecondition: as
// CompiledPolicies::Find.
absl::StatusOr<v1::TestGuardrailsResponse> TryPolicies(const v1::TestGuardrailsRequest& request,
                                                       const CompiledPolicies& policies,
                                                       const crypto::Hmac& key);

}  // namespace weir::guardrails
