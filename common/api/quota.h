#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/api/call_context.h"
#include "common/async/asio.h"
#include "common/async/event_stream.h"
#include "common/status/status.h"
#include "weir/quota/v1/quota.pb.h"

namespace weir::api {

namespace quota_pb = ::weir::quota::v1;

using LossEvents = EventStream<std::string>;
// As a notice of a pipe.
inline constexpr std::string_view kLossNotice = "quota.lost";

// The service will never take it: sending it again changes nothing.
inline bool IsRefusedForGood(const absl::Status& answer) {
  return absl::IsInvalidArgument(answer) || absl::IsOutOfRange(answer) ||
         absl::IsFailedPrecondition(answer) || absl::IsUnimplemented(answer);
}

// May they spend it, and what did they spend. The RPC comments in weir/quota/v1/quota.proto are the
// contract. Thread-safe; never blocks the calling loop.
class Quota {
 public:
  virtual ~Quota() = default;

  // Never waits for a commit. kResourceExhausted carries a QuotaViolation.
  virtual asio::awaitable<absl::StatusOr<quota_pb::ReserveResponse>> Reserve(
      CallContext call, quota_pb::ReserveRequest request) = 0;
  virtual asio::awaitable<absl::StatusOr<quota_pb::ExtendResponse>> Extend(
      CallContext call, quota_pb::ExtendRequest request) = 0;
  // Counters move before the first suspension; the answer comes when the ledger has committed.
  virtual asio::awaitable<absl::StatusOr<quota_pb::SettleResponse>> Settle(
      CallContext call, quota_pb::SettleRequest request) = 0;
  virtual asio::awaitable<absl::StatusOr<quota_pb::ReleaseResponse>> Release(
      CallContext call, quota_pb::ReleaseRequest request) = 0;
  // kResourceExhausted: some limit has too little to share.
  virtual asio::awaitable<absl::StatusOr<quota_pb::LeaseResponse>> Lease(
      CallContext call, quota_pb::LeaseRequest request) = 0;
  virtual asio::awaitable<absl::StatusOr<quota_pb::ReturnResponse>> Return(
      CallContext call, quota_pb::ReturnRequest request) = 0;
  virtual asio::awaitable<absl::StatusOr<quota_pb::HeartbeatResponse>> Heartbeat(
      CallContext call, quota_pb::HeartbeatRequest request) = 0;
  // Names what is under way where holds were lost; kUnavailable: say it again.
  virtual asio::awaitable<absl::StatusOr<quota_pb::AnnounceResponse>> Announce(
      CallContext call, quota_pb::AnnounceRequest request) = 0;
  // The organisations whose holds may have been lost, from now on; empty: any. What is under way
  // there is to be announced within half a second.
  virtual std::shared_ptr<LossEvents> WatchLosses(asio::any_io_executor executor) = 0;
  virtual asio::awaitable<absl::StatusOr<quota_pb::PeekResponse>> Peek(
      CallContext call, quota_pb::PeekRequest request) = 0;
};

}  // namespace weir::api
