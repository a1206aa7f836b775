#pragma once

#include "common/api/admin_call.h"
#include "common/api/quota.h"
#include "common/async/mutex.h"
#include "services/quota/ledger.h"
#include "services/quota/limit_store.h"
#include "services/quota/live_limits.h"
#include "weir/quota/v1/quota_admin.pb.h"

namespace weir::quota {

// Edits limits and reads what was spent: one method for each admin RPC; the comments in
// weir/quota/v1/quota_admin.proto are the contract. The role and organisation of `call` have been
// checked by whoever calls, against the access option of the RPC.
//
// Thread-safe; blocks. A change is durable when its method returns, and the next Reserve sees it.
// kInvalidArgument: a BadFields detail lists every bad field. kNotFound: no such limit.
// kUnavailable: the store.
class QuotaAdmin {
 public:
  struct Deps {
    LimitStore& store;  // All must outlive this object.
    LiveLimits& limits;
    Ledger& ledger;
    api::Quota& quota;  // For the states; must not need the calling thread to answer.
    const Clock& clock;
  };
  explicit QuotaAdmin(Deps deps) : deps_(deps) {}

  absl::StatusOr<v1::PutLimitResponse> PutLimit(const api::AdminCall& call,
                                                const v1::PutLimitRequest& request);
  absl::StatusOr<v1::ListLimitsResponse> ListLimits(const api::AdminCall& call,
                                                    const v1::ListLimitsRequest& request);
  absl::StatusOr<v1::DeleteLimitResponse> DeleteLimit(const api::AdminCall& call,
                                                      const v1::DeleteLimitRequest& request);
  absl::StatusOr<v1::GetLimitStatesResponse> GetLimitStates(
      const api::AdminCall& call, const v1::GetLimitStatesRequest& request);
  absl::StatusOr<v1::QueryUsageResponse> QueryUsage(const api::AdminCall& call,
                                                    const v1::QueryUsageRequest& request);

 private:
  // Asks and waits.
  absl::StatusOr<v1::PeekResponse> Peek(v1::PeekRequest request);

  const Deps deps_;
  // One edit at a time: what is read decides what is written.
  Mutex editing_;
  // A loop that lasts: whoever answers from another thread may still be waking it when the answer
  // is here.
  Mutex asking_;
  asio::io_context loop_ ABSL_GUARDED_BY(asking_);
};

}  // namespace weir::quota
