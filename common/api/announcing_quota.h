#pragma once

#include <absl/container/flat_hash_map.h>

#include <string>
#include <utility>
#include <vector>

#include "common/api/quota.h"
#include "common/async/timers.h"

namespace weir::api {

// Quota for an edge whose counters may be lost by the service's store: remembers what this edge has
// under way, and says so when that happened (docs/adr/0014), so that nobody else is let in on its
// account. One for each event loop, on its thread; must outlive what runs on the loop.
class AnnouncingQuota final : public Quota {
 public:
  // Both outlive this object.
  AnnouncingQuota(Quota& inner, Timers& timers) : inner_(inner), timers_(timers) {}

  // Listens until the loop ends.
  asio::awaitable<void> Run();

  asio::awaitable<absl::StatusOr<quota_pb::ReserveResponse>> Reserve(
      CallContext call, quota_pb::ReserveRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::ExtendResponse>> Extend(
      CallContext call, quota_pb::ExtendRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::SettleResponse>> Settle(
      CallContext call, quota_pb::SettleRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::ReleaseResponse>> Release(
      CallContext call, quota_pb::ReleaseRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::LeaseResponse>> Lease(
      CallContext call, quota_pb::LeaseRequest request) override {
    return inner_.Lease(call, std::move(request));
  }
  asio::awaitable<absl::StatusOr<quota_pb::ReturnResponse>> Return(
      CallContext call, quota_pb::ReturnRequest request) override {
    return inner_.Return(call, std::move(request));
  }
  asio::awaitable<absl::StatusOr<quota_pb::HeartbeatResponse>> Heartbeat(
      CallContext call, quota_pb::HeartbeatRequest request) override {
    return inner_.Heartbeat(call, std::move(request));
  }
  asio::awaitable<absl::StatusOr<quota_pb::AnnounceResponse>> Announce(
      CallContext call, quota_pb::AnnounceRequest request) override {
    return inner_.Announce(call, std::move(request));
  }
  std::shared_ptr<LossEvents> WatchLosses(asio::any_io_executor executor) override {
    return inner_.WatchLosses(std::move(executor));
  }
  asio::awaitable<absl::StatusOr<quota_pb::PeekResponse>> Peek(
      CallContext call, quota_pb::PeekRequest request) override {
    return inner_.Peek(call, std::move(request));
  }

  // Attempts that are not settled.
  size_t under_way() const { return open_.size(); }

 private:
  // What is under way in the organisation; empty: in all.
  asio::awaitable<void> Tell(std::string organization);
  asio::awaitable<void> TellOne(quota_pb::AnnounceRequest request);

  Quota& inner_;
  Timers& timers_;
  // As they were reserved, by the names of their keys, with the output that is covered declared.
  absl::flat_hash_map<std::string, quota_pb::ReserveRequest> open_;
};

}  // namespace weir::api
