#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/rpc/pipe_replica.h"
#include "common/status/status.h"
#include "common/time/clock.h"

namespace weir::rpc {

// How one method of a service is asked for.
struct PipeMethod {
  std::string_view name;  // "Reserve"; lives as long as the program.
  // May be asked twice: the second time changes nothing.
  bool idempotent = false;
  // Somebody's request waits for it: the loop looks for the answer without delay.
  bool urgent = true;
  // The longest wait for an answer, also where the caller has more time.
  Duration timeout = std::chrono::seconds(4);
};

// An answer, encoded.
using PipeResult = absl::StatusOr<std::string>;

// Who waits for it.
class CallWaiter {
 public:
  virtual ~CallWaiter() = default;
  virtual void Done(PipeResult result) = 0;
};

struct PendingCall {
  std::unique_ptr<CallWaiter> waiter;
  PipeMethod method;
  std::string organization;
  std::string address;  // Of the replica to ask, if it can be asked; empty: any.
  std::string request;  // Gone once it is sent and may not be sent again.
  MonotonicTime deadline = MonotonicTime::max();
  PipeReplica* replica = nullptr;  // Null: it has not been sent, or is to be sent again.
  Lane lane = Lane::kNormal;
  bool resent = false;
};

// Calls that are not answered, by ids that are not used twice: an answer that comes late finds
// nothing. On one thread.
class PendingCalls {
 public:
  uint64_t Add(PendingCall call);
  // Null: it has ended. Valid until the next Add.
  PendingCall* Find(uint64_t id);
  // Of a call that is there.
  PendingCall Take(uint64_t id);

  // Ids for which `which` is true.
  std::vector<uint64_t> Select(const std::function<bool(const PendingCall&)>& which) const;

 private:
  struct Slot {
    uint32_t generation = 0;
    bool taken = false;
    PendingCall call;
  };
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
};

}  // namespace weir::rpc
