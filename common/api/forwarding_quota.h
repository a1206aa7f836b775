#pragma once

#include <utility>

#include "common/api/quota.h"

namespace weir::api {

// Passes every call on: what wraps a Quota overrides those that it has something to do with.
class ForwardingQuota : public Quota {
 public:
  // `inner` outlives this object.
  explicit ForwardingQuota(Quota& inner) : inner_(inner) {}

  asio::awaitable<absl::StatusOr<quota_pb::ReserveResponse>> Reserve(
      CallContext call, quota_pb::ReserveRequest request) override {
    return inner_.Reserve(call, std::move(request));
  }
  asio::awaitable<absl::StatusOr<quota_pb::ExtendResponse>> Extend(
      CallContext call, quota_pb::ExtendRequest request) override {
    return inner_.Extend(call, std::move(request));
  }
  asio::awaitable<absl::StatusOr<quota_pb::SettleResponse>> Settle(
      CallContext call, quota_pb::SettleRequest request) override {
    return inner_.Settle(call, std::move(request));
  }
  asio::awaitable<absl::StatusOr<quota_pb::ReleaseResponse>> Release(
      CallContext call, quota_pb::ReleaseRequest request) override {
    return inner_.Release(call, std::move(request));
  }
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

 protected:
  Quota& inner() { return inner_; }

 private:
  Quota& inner_;
};

}  // namespace weir::api
