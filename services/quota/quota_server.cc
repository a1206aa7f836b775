#include "services/quota/quota_server.h"

namespace weir::quota {
namespace {

template <typename Req, typename Resp>
void Add(rpc::AdminRegistry& registry, std::string_view method, QuotaAdmin& admin,
         absl::StatusOr<Resp> (QuotaAdmin::*handler)(const api::AdminCall&, const Req&)) {
  registry.Add<Req, Resp>("weir.quota.v1.QuotaAdminService", method,
                          [&admin, handler](const api::AdminCall& call, const Req& request) {
                            return (admin.*handler)(call, request);
                          });
}

}  // namespace

void RegisterQuotaAdmin(rpc::AdminRegistry& registry, QuotaAdmin& admin) {
  Add(registry, "PutLimit", admin, &QuotaAdmin::PutLimit);
  Add(registry, "ListLimits", admin, &QuotaAdmin::ListLimits);
  Add(registry, "DeleteLimit", admin, &QuotaAdmin::DeleteLimit);
  Add(registry, "GetLimitStates", admin, &QuotaAdmin::GetLimitStates);
  Add(registry, "QueryUsage", admin, &QuotaAdmin::QueryUsage);
}

void RegisterQuota(rpc::ServiceRegistry& registry, api::Quota& quota) {
  registry.Add("Reserve", quota, &api::Quota::Reserve);
  registry.Add("Extend", quota, &api::Quota::Extend);
  registry.Add("Settle", quota, &api::Quota::Settle);
  registry.Add("Release", quota, &api::Quota::Release);
  registry.Add("Lease", quota, &api::Quota::Lease);
  registry.Add("Return", quota, &api::Quota::Return);
  registry.Add("Heartbeat", quota, &api::Quota::Heartbeat);
  registry.Add("Announce", quota, &api::Quota::Announce);
  registry.Add("Peek", quota, &api::Quota::Peek);
}

}  // namespace weir::quota
