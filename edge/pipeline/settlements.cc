#include "edge/pipeline/settlements.h"

#include "common/log/log.h"

namespace weir::edge {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(50);
constexpr Duration kLongestPause = std::chrono::seconds(5);

}  // namespace

void Settlements::Post(Outbox::Entry entry, std::unique_ptr<quota::v1::SettleRequest> settlement) {
  deps_.outbox.Settlement(entry, *settlement);
  ++unacknowledged_;
  asio::co_spawn(deps_.loop, Send(entry, std::move(settlement)), asio::detached);
}

void Settlements::Release(Outbox::Entry entry, quota::v1::ReleaseRequest request) {
  asio::co_spawn(deps_.loop, SendRelease(entry, std::move(request)), asio::detached);
}

// Hundreds of these wait for a commit at any time: what they keep is little.
asio::awaitable<void> Settlements::Send(Outbox::Entry entry,
                                        std::unique_ptr<quota::v1::SettleRequest> settlement) {
  Duration pause = kFirstPause;
  for (;;) {
    const absl::StatusOr<quota::v1::SettleResponse> settled =
        co_await deps_.quota.Settle(api::CallContext{}, std::move(*settlement));
    if (settled.ok()) break;
    settlement = Again(entry, settled.status(), pause == kFirstPause);
    if (settlement == nullptr) break;
    co_await SleepFor(deps_.timers, pause);
    pause = std::min(pause * 2, kLongestPause);
  }
  deps_.outbox.Close(entry);
  --unacknowledged_;
}

std::unique_ptr<quota::v1::SettleRequest> Settlements::Again(Outbox::Entry entry,
                                                             const absl::Status& refused,
                                                             bool first) {
  auto settlement = std::make_unique<quota::v1::SettleRequest>(deps_.outbox.SettlementOf(entry));
  if (api::IsRefusedForGood(refused)) {
    deps_.refused.Put(*settlement, status::Message(refused));
    return nullptr;
  }
  if (first) {
    log::Warn("edge.settle.waiting", {{"request_id", settlement->key().request_id()},
                                      {"reason", status::Message(refused)}});
  }
  return settlement;
}

asio::awaitable<void> Settlements::SendRelease(Outbox::Entry entry,
                                               quota::v1::ReleaseRequest request) {
  // A hold whose release got lost lapses by itself.
  std::ignore = co_await deps_.quota.Release(api::CallContext{}, std::move(request));
  deps_.outbox.Close(entry);
}

}  // namespace weir::edge
