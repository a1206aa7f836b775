#pragma once

#include "common/api/quota.h"
#include "edge/pipeline/attempt.h"
#include "edge/pipeline/call.h"

namespace weir::edge {

// The gate between a request and its dispatch: one phase that asks, in parallel, all that must be
// known first. Today one question, may they spend it; "may it leave" and "has it been answered"
// join here, each asked where its service is present.
class Gate {
 public:
  // `quota` must outlive the gate. `edge_id`: whose heartbeats keep the holds.
  explicit Gate(api::Quota& quota, std::string edge_id)
      : quota_(quota), edge_id_(std::move(edge_id)) {}

  // What is held for the first attempt of the call's plan. Sets its limit headers. Errors are
  // api::Quota::Reserve's; kResourceExhausted: a limit refused.
  asio::awaitable<absl::StatusOr<Attempt::Hold>> Ask(CallPtr call);

  // The same for attempt `index` of the plan, from 0: its target's limits and the caller's tokens.
  // `requests` is 1 where no earlier attempt was dispatched, else 0.
  asio::awaitable<absl::StatusOr<Attempt::Hold>> AskAgain(CallPtr call, int index,
                                                          int64_t requests);

 private:
  asio::awaitable<absl::StatusOr<Attempt::Hold>> Reserve(CallPtr call, int index, int64_t requests);

  api::Quota& quota_;
  const std::string edge_id_;
};

}  // namespace weir::edge
