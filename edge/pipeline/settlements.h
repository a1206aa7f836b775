#pragma once

#include <memory>

#include "common/api/quota.h"
#include "common/async/timers.h"
#include "edge/pipeline/outbox.h"
#include "edge/pipeline/quarantine.h"
#include "edge/pipeline/stream_budget.h"

namespace weir::edge {

// Brings what was spent into the ledger, once, whatever dies: outbox first, then quota, repeated
// until it acknowledges, or refuses for good. One per loop, used on its thread alone.
class Settlements {
 public:
  struct Deps {
    asio::io_context& loop;  // All must outlive what runs on the loop.
    api::Quota& quota;
    Outbox& outbox;
    Timers& timers;
    Quarantine& refused;
  };
  explicit Settlements(Deps deps) : deps_(deps) {}

  // Before a dispatch. Errors are Outbox::Intend's.
  absl::StatusOr<Outbox::Entry> Intend(const edge::v1::OutboxRecord::Intent& intent) {
    return deps_.outbox.Intend(intent);
  }
  // So many tokens were delivered so far.
  void Progress(Outbox::Entry entry, const common::v1::AttemptKey& key, int64_t output_tokens) {
    deps_.outbox.Progress(entry, key, output_tokens);
  }
  // `settlement` is whole. Returns at once; the counters have moved by then, the ledger follows.
  void Post(Outbox::Entry entry, std::unique_ptr<quota::v1::SettleRequest> settlement);
  // The attempt cost nothing: ends its hold. `request` as in the API.
  void Release(Outbox::Entry entry, quota::v1::ReleaseRequest request);
  // The means to raise an open hold.
  std::shared_ptr<StreamBudget> NewBudget(StreamBudget::Hold hold) {
    return std::make_shared<StreamBudget>(deps_.loop.get_executor(), deps_.quota,
                                          deps_.timers.clock(), std::move(hold));
  }

  // Settlements that the ledger has not acknowledged.
  size_t unacknowledged() const { return unacknowledged_; }

 private:
  asio::awaitable<void> Send(Outbox::Entry entry,
                             std::unique_ptr<quota::v1::SettleRequest> settlement);
  // What to do about an answer that was no acknowledgement. Null: nothing more.
  std::unique_ptr<quota::v1::SettleRequest> Again(Outbox::Entry entry, const absl::Status& refused,
                                                  bool first);
  asio::awaitable<void> SendRelease(Outbox::Entry entry, quota::v1::ReleaseRequest request);

  Deps deps_;
  size_t unacknowledged_ = 0;
};

}  // namespace weir::edge
