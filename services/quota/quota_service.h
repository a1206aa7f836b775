#pragma once

#include "common/api/quota.h"
#include "common/async/timers.h"
#include "common/async/worker_pool.h"
#include "services/quota/config.h"
#include "services/quota/ledger_writer.h"
#include "services/quota/live_limits.h"
#include "services/quota/output_history.h"
#include "services/quota/store_outage.h"
#include "services/quota/windows.h"

namespace weir::quota {

// Admits model calls against limits: holds an estimate before the call, settles the truth after it.
//
// Thread-safe; owns no thread. Runs inside apps/standalone or behind gRPC, unchanged.
class QuotaService final : public api::Quota {
 public:
  struct Deps {
    Windows& windows;  // Hot counters and holds. All must outlive this object.
    const LiveLimits& limits;
    LedgerSink& sink;  // Where settlements go to last.
    Ledger& ledger;    // The same, to look things up; asked on `workers` alone.
    WorkerPool& workers;
    const Clock& clock;  // Injected so that a test can age a hold without sleeping.
    metrics::Registry* metrics = nullptr;  // Null: nothing is counted.
  };
  // `config` is valid.
  QuotaService(const QuotaConfig& config, Deps deps);

  // Holds the estimate against every limit that matches, or against none of them. Never waits for a
  // commit.
  //
  // Where the store of the windows is away, what each limit asks for decides: CODE_DEGRADED, or
  // kUnavailable with a RetryLater (StoreOutage).
  //
  // kResourceExhausted: a QuotaViolation names the tightest limit and says when to retry. kAborted:
  // the key came with another body. kDeadlineExceeded: the deadline had passed, nothing was done.
  asio::awaitable<absl::StatusOr<v1::ReserveResponse>> Reserve(api::CallContext call,
                                                               v1::ReserveRequest request) override;
  asio::awaitable<absl::StatusOr<v1::ExtendResponse>> Extend(api::CallContext call,
                                                             v1::ExtendRequest request) override;
  // Posts what was spent, also without a hold and past the deadline. Counters move before it
  // suspends, but where the key is not known here any more: then the ledger is asked first, so that
  // a late duplicate is not charged again. Returns when the row is in the ledger; a store that is
  // away is told when it is back.
  asio::awaitable<absl::StatusOr<v1::SettleResponse>> Settle(api::CallContext call,
                                                             v1::SettleRequest request) override;
  asio::awaitable<absl::StatusOr<v1::ReleaseResponse>> Release(api::CallContext call,
                                                               v1::ReleaseRequest request) override;
  // kFailedPrecondition: the lease is over. kUnavailable: the store cannot be asked.
  asio::awaitable<absl::StatusOr<v1::LeaseResponse>> Lease(api::CallContext call,
                                                           v1::LeaseRequest request) override;
  asio::awaitable<absl::StatusOr<v1::ReturnResponse>> Return(api::CallContext call,
                                                             v1::ReturnRequest request) override;
  asio::awaitable<absl::StatusOr<v1::HeartbeatResponse>> Heartbeat(
      api::CallContext call, v1::HeartbeatRequest request) override;
  asio::awaitable<absl::StatusOr<v1::AnnounceResponse>> Announce(
      api::CallContext call, v1::AnnounceRequest request) override;
  std::shared_ptr<api::LossEvents> WatchLosses(asio::any_io_executor executor) override {
    return losses_.Subscribe(std::move(executor));
  }
  asio::awaitable<absl::StatusOr<v1::PeekResponse>> Peek(api::CallContext call,
                                                         v1::PeekRequest request) override;
  // Ends all streams of WatchLosses; their loops must still be there.
  void Close() { losses_.Close(); }

  // Recomputes the windows of all limits from the ledger, where they are this process's alone.
  // Before anything else is asked of this object.
  asio::awaitable<absl::Status> Rebuild();

  // Ends holds whose edge is silent, until it is cancelled: looks when the next one falls due, at
  // most once a second. Runs on the loop of `timers`, which must outlive it.
  asio::awaitable<void> Run(Timers& timers);

 private:
  absl::Status CheckDeadline(const api::CallContext& call) const;
  absl::StatusOr<ReserveOp> Prepare(const api::CallContext& call, const v1::ReserveRequest& request,
                                    const LimitTable& table);
  // The row that is to go into the ledger; the request once more where the store missed it.
  struct Charged {
    std::unique_ptr<LedgerRow> row;
    std::unique_ptr<v1::SettleRequest> missed;
    bool lease_lost = false;
    bool topped_up = false;
  };
  // Counters move.
  asio::awaitable<absl::StatusOr<Charged>> Charge(v1::SettleRequest request);
  // Post it, whether the store knows it or not. Unset: the store is away.
  asio::awaitable<absl::StatusOr<std::optional<SettleOutcome>>> Post(SettleOp op);
  // Tells the store what it missed; OK where nothing is left of that.
  asio::awaitable<absl::Status> CatchUp();
  asio::awaitable<absl::Status> Tell(StoreOutage::Missed* missed);
  Instant Now() const;
  void Learn(const LedgerRow& row, const SettleOutcome& outcome, std::optional<int64_t> output_cap);

  const Deps deps_;
  const bool is_shared_;
  const Duration hold_ttl_;
  Broadcaster<std::string> losses_;
  OutputHistory history_;
  StoreOutage outage_;
};

}  // namespace weir::quota
