#pragma once

#include "common/api/quota.h"
#include "common/rpc/pipe_client.h"

namespace weir::api {

// Quota in another process. One for each loop, on its thread. Errors are the service's, and those
// of rpc::PipeClient::Call.
class RemoteQuota final : public Quota {
 public:
  // `client`, of weir.quota.v1.QuotaService, outlives this object.
  explicit RemoteQuota(rpc::PipeClient& client) : client_(client) {}

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
  asio::awaitable<absl::StatusOr<quota_pb::PeekResponse>> Peek(
      CallContext call, quota_pb::PeekRequest request) override;

 private:
  rpc::PipeClient& client_;
};

}  // namespace weir::api
