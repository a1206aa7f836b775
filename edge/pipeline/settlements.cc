#include "edge/pipeline/settlements.h"

#include "common/log/log.h"

namespace weir::edge {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(50);
constexpr Duration kLongestPause = std::chrono::seconds(5);

}  // namespace

void Settlements::Post(quota::v1::SettleRequest settlement) {
  deps_.outbox.Settlement(settlement);
  ++unacknowledged_;
  asio::co_spawn(deps_.loop, Send(std::move(settlement)), asio::detached);
}

void Settlements::Release(common::v1::AttemptKey key, std::string organization,
                          bool keep_requests) {
  asio::co_spawn(deps_.loop, SendRelease(std::move(key), std::move(organization), keep_requests),
                 asio::detached);
}

asio::awaitable<void> Settlements::Send(quota::v1::SettleRequest settlement) {
  const common::v1::AttemptKey key = settlement.key();
  Duration pause = kFirstPause;
  for (;;) {
    const absl::StatusOr<quota::v1::SettleResponse> settled =
        co_await deps_.quota.Settle(api::CallContext{}, std::move(settlement));
    if (settled.ok()) break;
    settlement = deps_.outbox.SettlementOf(key);
    if (IsRefusedForGood(settled.status())) {
      deps_.refused.Put(settlement, status::Message(settled.status()));
      break;
    }
    if (pause == kFirstPause) {
      log::Warn("edge.settle.waiting",
                {{"request_id", key.request_id()}, {"reason", status::Message(settled.status())}});
    }
    co_await SleepFor(deps_.timers, pause);
    pause = std::min(pause * 2, kLongestPause);
  }
  deps_.outbox.Close(key);
  --unacknowledged_;
}

asio::awaitable<void> Settlements::SendRelease(common::v1::AttemptKey key, std::string organization,
                                               bool keep_requests) {
  quota::v1::ReleaseRequest request;
  *request.mutable_key() = key;
  request.set_organization(std::move(organization));
  request.set_keep_requests(keep_requests);
  // A hold whose release got lost lapses by itself.
  std::ignore = co_await deps_.quota.Release(api::CallContext{}, std::move(request));
  deps_.outbox.Close(key);
}

}  // namespace weir::edge
