#pragma once

#include "common/api/cache.h"
#include "common/rpc/pipe_client.h"

namespace weir::api {

// The cache in another process. One for each loop, on its thread. Errors are the service's, and
// those of rpc::PipeClient::Call.
class RemoteCache final : public Cache {
 public:
  // `client`, of weir.cache.v1.CacheService, outlives this object.
  explicit RemoteCache(rpc::PipeClient& client) : client_(client) {}

  asio::awaitable<absl::StatusOr<cache_pb::LookupResponse>> Lookup(
      CallContext call, cache_pb::LookupRequest request) override;
  asio::awaitable<absl::StatusOr<cache_pb::ConfirmResponse>> Confirm(
      CallContext call, cache_pb::ConfirmRequest request) override;
  asio::awaitable<absl::StatusOr<cache_pb::LeadResponse>> Lead(
      CallContext call, cache_pb::LeadRequest request) override;
  asio::awaitable<absl::StatusOr<cache_pb::RenewResponse>> Renew(
      CallContext call, cache_pb::RenewRequest request) override;
  asio::awaitable<absl::StatusOr<cache_pb::ReleaseResponse>> Release(
      CallContext call, cache_pb::ReleaseRequest request) override;
  asio::awaitable<absl::StatusOr<cache_pb::RecordResponse>> Record(
      CallContext call, cache_pb::RecordRequest request) override;
  // Over at once where no replica is up: watch again. `executor` is the loop's.
  std::shared_ptr<CacheEvents> Watch(cache_pb::WatchRequest request,
                                     asio::any_io_executor executor) override;

 private:
  rpc::PipeClient& client_;
};

}  // namespace weir::api
