#pragma once

#include "common/api/call_context.h"
#include "common/async/asio.h"
#include "common/status/status.h"
#include "weir/cache/v1/cache.pb.h"

namespace weir::api {

namespace cache_pb = ::weir::cache::v1;

// Has this been answered before. The RPC comments in weir/cache/v1/cache.proto are the contract.
// Thread-safe.
class Cache {
 public:
  virtual ~Cache() = default;
  // Speculative: counts and writes nothing until Confirm.
  virtual asio::awaitable<absl::StatusOr<cache_pb::LookupResponse>> Lookup(
      CallContext call, cache_pb::LookupRequest request) = 0;
  virtual asio::awaitable<absl::StatusOr<cache_pb::ConfirmResponse>> Confirm(
      CallContext call, cache_pb::ConfirmRequest request) = 0;
  virtual asio::awaitable<absl::StatusOr<cache_pb::RecordResponse>> Record(
      CallContext call, cache_pb::RecordRequest request) = 0;
};

}  // namespace weir::api
