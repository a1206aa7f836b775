#pragma once

#include "common/crypto/hmac.h"
#include "services/guardrails/finding_tally.h"
#include "services/guardrails/policy_union.h"
#include "weir/guardrails/v1/guardrails.pb.h"

namespace weir::guardrails {

struct Inspected {
  v1::InspectResponse response;  // Without the policies' version.
  FindingTally tally;
};

// Judges the parts of a request or an answer by `policies`, which are those that it names. Linear
// in the parts. kInvalidArgument: it goes no way. kFailedPrecondition: as PolicyUnion::For.
absl::StatusOr<Inspected> InspectParts(const v1::InspectRequest& request, PolicyUnion& policies,
                                       const crypto::Hmac& key);

}  // namespace weir::guardrails
