#include "services/cache/cache_server.h"

#include <string_view>
#include <utility>

namespace weir::cache {
namespace {

constexpr std::string_view kService = "weir.cache.v1.CacheAdminService";

// One method of the service, by the method of CacheAdmin that has its name.
template <typename Req, typename Resp>
void Add(rpc::AdminRegistry& registry, CacheAdmin& admin, std::string_view method,
         absl::StatusOr<Resp> (CacheAdmin::*handler)(const api::AdminCall&, const Req&)) {
  registry.Add<Req, Resp>(kService, method,
                          [&admin, handler](const api::AdminCall& call, const Req& request) {
                            return (admin.*handler)(call, request);
                          });
}

}  // namespace

void RegisterCacheAdmin(rpc::AdminRegistry& registry, CacheAdmin& admin) {
  Add(registry, admin, "PutCachePolicy", &CacheAdmin::PutCachePolicy);
  Add(registry, admin, "ListCachePolicies", &CacheAdmin::ListCachePolicies);
  Add(registry, admin, "DeleteCachePolicy", &CacheAdmin::DeleteCachePolicy);
  Add(registry, admin, "InvalidateCache", &CacheAdmin::InvalidateCache);
  Add(registry, admin, "ExplainCache", &CacheAdmin::ExplainCache);
  Add(registry, admin, "GetCacheStats", &CacheAdmin::GetCacheStats);
}

void RegisterCache(rpc::ServiceRegistry& registry, api::Cache& cache) {
  registry.Add("Lookup", cache, &api::Cache::Lookup);
  registry.Add("Confirm", cache, &api::Cache::Confirm);
  registry.Add("Lead", cache, &api::Cache::Lead);
  registry.Add("Renew", cache, &api::Cache::Renew);
  registry.Add("Release", cache, &api::Cache::Release);
  registry.Add("Record", cache, &api::Cache::Record);
  registry.AddStream<v1::WatchRequest, api::CacheEvent>(
      "Watch", [&cache](v1::WatchRequest request, asio::any_io_executor executor) {
        return cache.Watch(std::move(request), std::move(executor));
      });
}

}  // namespace weir::cache
