#pragma once

#include <cstdint>
#include <memory>

#include "common/quota/estimate.h"
#include "common/status/status.h"
#include "services/quota/attempt_id.h"
#include "services/quota/lease.h"
#include "services/quota/ledger.h"
#include "weir/quota/v1/quota.pb.h"

// Requests of the API in this service's own terms. Pure functions; kInvalidArgument names the first
// field that is wrong.
namespace weir::quota {

absl::StatusOr<AttemptId> ParseKey(const common::v1::AttemptKey& key);

// The lease that a settlement names. Unset: none.
absl::StatusOr<std::optional<AttemptId>> ParseLeaseId(const v1::SettleRequest& request);

// `field` names it in errors.
absl::StatusOr<LeaseAmounts> ParseAmounts(const v1::LeaseAmounts& amounts, std::string_view field);
v1::LeaseAmounts ToProto(const LeaseAmounts& amounts);

// kInvalidArgument where no organisation is named.
absl::Status CheckSubjects(const v1::Subjects& subjects);

// Of a request that names the organisation itself. kInvalidArgument where it is empty.
absl::Status CheckOrganization(const std::string& organization);

// kInvalidArgument where too much is named, or what is another organisation's.
absl::Status CheckAnnouncement(const v1::AnnounceRequest& request);

// The same for the same request: everything but the key.
uint64_t BodyHash(const v1::ReserveRequest& request);

// The row that a settlement becomes; not null.
absl::StatusOr<std::unique_ptr<LedgerRow>> ParseSettlement(const v1::SettleRequest& request,
                                                           int64_t settled_at_us);

}  // namespace weir::quota
