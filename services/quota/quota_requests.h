#pragma once

#include <cstdint>
#include <memory>

#include "common/status/status.h"
#include "services/quota/attempt_id.h"
#include "services/quota/estimate.h"
#include "services/quota/ledger.h"
#include "weir/quota/v1/quota.pb.h"

// Requests of the API in this service's own terms. Pure functions; kInvalidArgument names the first
// field that is wrong.
namespace weir::quota {

absl::StatusOr<AttemptId> ParseKey(const common::v1::AttemptKey& key);

// Without what was learned.
absl::StatusOr<Demand> ParseEstimate(const v1::Estimate& estimate);

// kInvalidArgument where no organisation is named.
absl::Status CheckSubjects(const v1::Subjects& subjects);

// Of a request that names the organisation itself. kInvalidArgument where it is empty.
absl::Status CheckOrganization(const std::string& organization);

// The same for the same request: everything but the key.
uint64_t BodyHash(const v1::ReserveRequest& request);

// The row that a settlement becomes; not null.
absl::StatusOr<std::unique_ptr<LedgerRow>> ParseSettlement(const v1::SettleRequest& request,
                                                           int64_t settled_at_us);

}  // namespace weir::quota
