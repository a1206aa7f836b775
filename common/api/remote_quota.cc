#include "common/api/remote_quota.h"

#include "common/api/remote_call.h"

namespace weir::api {
namespace {

// A settlement waits for its commit, and for a store that is slow.
constexpr Duration kPatient = std::chrono::seconds(30);

// All of them may be repeated: the key of the attempt sees to it.
constexpr rpc::PipeMethod kReserve{.name = "Reserve", .idempotent = true};
constexpr rpc::PipeMethod kExtend{.name = "Extend", .idempotent = true};
constexpr rpc::PipeMethod kSettle{
    .name = "Settle", .idempotent = true, .urgent = false, .timeout = kPatient};
constexpr rpc::PipeMethod kRelease{
    .name = "Release", .idempotent = true, .urgent = false, .timeout = kPatient};
constexpr rpc::PipeMethod kLease{.name = "Lease", .idempotent = true};
// Neither waits for a commit: they must not wait behind what does.
constexpr rpc::PipeMethod kReturn{.name = "Return", .idempotent = true, .timeout = kPatient};
constexpr rpc::PipeMethod kHeartbeat{.name = "Heartbeat", .idempotent = true, .timeout = kPatient};
constexpr rpc::PipeMethod kAnnounce{.name = "Announce", .idempotent = true};
constexpr rpc::PipeMethod kPeek{.name = "Peek", .idempotent = true};

}  // namespace

RemoteQuota::RemoteQuota(rpc::PipeClient& client) : client_(client) {
  client_.OnNotice([this](const rpc::pipe_pb::PipeNotice* notice) {
    if (notice == nullptr) return losses_.Publish("");
    if (notice->kind() == kLossNotice) losses_.Publish(notice->subject());
  });
}

asio::awaitable<absl::StatusOr<quota_pb::ReserveResponse>> RemoteQuota::Reserve(
    CallContext call, quota_pb::ReserveRequest request) {
  std::string organization = request.subjects().organization();
  return RemoteCall<quota_pb::ReserveResponse>(&client_, kReserve, call, std::move(organization),
                                               std::move(request));
}

asio::awaitable<absl::StatusOr<quota_pb::ExtendResponse>> RemoteQuota::Extend(
    CallContext call, quota_pb::ExtendRequest request) {
  std::string organization = request.organization();
  return RemoteCall<quota_pb::ExtendResponse>(&client_, kExtend, call, std::move(organization),
                                              std::move(request));
}

asio::awaitable<absl::StatusOr<quota_pb::SettleResponse>> RemoteQuota::Settle(
    CallContext, quota_pb::SettleRequest request) {
  // Its truth is wanted though nobody waits for it.
  std::string organization = request.subjects().organization();
  return RemoteCall<quota_pb::SettleResponse>(&client_, kSettle, CallContext(),
                                              std::move(organization), std::move(request));
}

asio::awaitable<absl::StatusOr<quota_pb::ReleaseResponse>> RemoteQuota::Release(
    CallContext call, quota_pb::ReleaseRequest request) {
  std::string organization = request.organization();
  return RemoteCall<quota_pb::ReleaseResponse>(&client_, kRelease, call, std::move(organization),
                                               std::move(request));
}

asio::awaitable<absl::StatusOr<quota_pb::LeaseResponse>> RemoteQuota::Lease(
    CallContext call, quota_pb::LeaseRequest request) {
  std::string organization = request.subjects().organization();
  return RemoteCall<quota_pb::LeaseResponse>(&client_, kLease, call, std::move(organization),
                                             std::move(request));
}

asio::awaitable<absl::StatusOr<quota_pb::ReturnResponse>> RemoteQuota::Return(
    CallContext call, quota_pb::ReturnRequest request) {
  std::string organization = request.organization();
  return RemoteCall<quota_pb::ReturnResponse>(&client_, kReturn, call, std::move(organization),
                                              std::move(request));
}

asio::awaitable<absl::StatusOr<quota_pb::HeartbeatResponse>> RemoteQuota::Heartbeat(
    CallContext call, quota_pb::HeartbeatRequest request) {
  return RemoteCall<quota_pb::HeartbeatResponse>(&client_, kHeartbeat, call, std::string(),
                                                 std::move(request));
}

asio::awaitable<absl::StatusOr<quota_pb::AnnounceResponse>> RemoteQuota::Announce(
    CallContext call, quota_pb::AnnounceRequest request) {
  std::string organization = request.organization();
  return RemoteCall<quota_pb::AnnounceResponse>(&client_, kAnnounce, call, std::move(organization),
                                                std::move(request));
}

asio::awaitable<absl::StatusOr<quota_pb::PeekResponse>> RemoteQuota::Peek(
    CallContext call, quota_pb::PeekRequest request) {
  std::string organization = request.subjects().organization();
  return RemoteCall<quota_pb::PeekResponse>(&client_, kPeek, call, std::move(organization),
                                            std::move(request));
}

}  // namespace weir::api
