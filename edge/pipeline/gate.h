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
  explicit Gate(api::Quota& quota, std::string edge_id)
      : quota_(quota), edge_id_(std::move(edge_id)) {}

  // What is held for the first attempt. kResourceExhausted: a limit refused.
  asio::awaitable<absl::StatusOr<Attempt::Hold>> Ask(CallPtr call);

  // The hold of a further attempt: its target's limits and the caller's tokens. `requests` is 1
  // where no earlier attempt was dispatched.
  asio::awaitable<absl::StatusOr<Attempt::Hold>> AskAgain(CallPtr call, int index,
                                                          int64_t requests);

 private:
  asio::awaitable<absl::StatusOr<Attempt::Hold>> Reserve(CallPtr call, int index, int64_t requests);

  api::Quota& quota_;
  const std::string edge_id_;
};

}  // namespace weir::edge
