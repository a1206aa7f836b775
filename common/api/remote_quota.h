#pragma once

#include "common/api/quota.h"
#include "common/rpc/pipe_client.h"

namespace weir::api {

// Quota in another process. One for each loop, on its thread. Errors are the service's, and those
// of rpc::PipeClient::Call.
class RemoteQuota final : public Quota {
 public:
  // `client`, of weir.quota.v1.QuotaService, not started yet, outlives this object.
  explicit RemoteQuota(rpc::PipeClient& client);

  asio::awaitable<absl::StatusOr<quota_pb::ReserveResponse>> Reserve(
      CallContext call, quota_pb::ReserveRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::ExtendResponse>> Extend(
      CallContext call, quota_pb::ExtendRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::SettleResponse>> Settle(
      CallContext call, quota_pb::SettleRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::ReleaseResponse>> Release(
      CallContext call, quota_pb::ReleaseRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::LeaseResponse>> Lease(
      CallContext call, quota_pb::LeaseRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::ReturnResponse>> Return(
      CallContext call, quota_pb::ReturnRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::HeartbeatResponse>> Heartbeat(
      CallContext call, quota_pb::HeartbeatRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::AnnounceResponse>> Announce(
      CallContext call, quota_pb::AnnounceRequest request) override;
  // Also after each connection to a replica: it may have said something before.
  std::shared_ptr<LossEvents> WatchLosses(asio::any_io_executor executor) override {
    return losses_.Subscribe(std::move(executor));
  }
  asio::awaitable<absl::StatusOr<quota_pb::PeekResponse>> Peek(
      CallContext call, quota_pb::PeekRequest request) override;

 private:
  rpc::PipeClient& client_;
  Broadcaster<std::string> losses_;
};

}  // namespace weir::api
