#pragma once

#include <memory>

#include "common/api/call_context.h"
#include "common/async/asio.h"
#include "common/async/event_stream.h"
#include "common/status/status.h"
#include "weir/cache/v1/cache.pb.h"

namespace weir::api {

namespace cache_pb = ::weir::cache::v1;

// Immutable: the readers of one process share an event.
using CacheEvent = std::shared_ptr<const cache_pb::WatchEvent>;
using CacheEvents = EventStream<CacheEvent>;

// Has this been answered before. The RPC comments in weir/cache/v1/cache.proto are the contract.
// Thread-safe; never blocks the calling loop. kFailedPrecondition: the partition's policy is not
// known here (yet).
class Cache {
 public:
  virtual ~Cache() = default;
  // Speculative: counts and writes nothing until Confirm.
  virtual asio::awaitable<absl::StatusOr<cache_pb::LookupResponse>> Lookup(
      CallContext call, cache_pb::LookupRequest request) = 0;
  virtual asio::awaitable<absl::StatusOr<cache_pb::ConfirmResponse>> Confirm(
      CallContext call, cache_pb::ConfirmRequest request) = 0;
  // Waits for the answer of another, until the deadline of the call and 30 s at most.
  virtual asio::awaitable<absl::StatusOr<cache_pb::LeadResponse>> Lead(
      CallContext call, cache_pb::LeadRequest request) = 0;
  virtual asio::awaitable<absl::StatusOr<cache_pb::RenewResponse>> Renew(
      CallContext call, cache_pb::RenewRequest request) = 0;
  virtual asio::awaitable<absl::StatusOr<cache_pb::ReleaseResponse>> Release(
      CallContext call, cache_pb::ReleaseRequest request) = 0;
  virtual asio::awaitable<absl::StatusOr<cache_pb::RecordResponse>> Record(
      CallContext call, cache_pb::RecordRequest request) = 0;
  // The table at once, then each new one, and heartbeats where the other side is a network away.
  // `executor` is where the stream is read.
  virtual std::shared_ptr<CacheEvents> Watch(cache_pb::WatchRequest request,
                                             asio::any_io_executor executor) = 0;
};

}  // namespace weir::api
