#pragma once

#include "common/crypto/hmac.h"
#include "services/guardrails/delta_state.h"
#include "services/guardrails/finding_tally.h"
#include "services/guardrails/part_rules.h"
#include "weir/guardrails/v1/guardrails.pb.h"

namespace weir::guardrails {

struct DeltaInspected {
  v1::InspectDeltaResponse response;  // Without the state.
  DeltaState state;                   // Where the next piece goes on; of no use after a block.
  FindingTally tally;
};

// Judges a piece of a streamed answer by `rules`, going on from `state`. Whatever the pieces, the
// text that is released is what InspectParts makes of the whole. At most StreamScanner::kMostHeld
// bytes are held back, twice as many where a value blocks, and DeltaState::kMostTail more where a
// phrase does. kInvalidArgument: `state` is none.
absl::StatusOr<DeltaInspected> InspectPiece(const v1::InspectDeltaRequest& request,
                                            const PartRules& rules, DeltaState state,
                                            const crypto::Hmac& key);

}  // namespace weir::guardrails
