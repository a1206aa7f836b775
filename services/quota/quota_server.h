#pragma once

#include "common/api/quota.h"
#include "common/rpc/admin_registry.h"
#include "common/rpc/service_registry.h"
#include "services/quota/quota_admin.h"

namespace weir::quota {

// Adds every method of weir.quota.v1.QuotaAdminService. Both must outlive what serves the registry.
void RegisterQuotaAdmin(rpc::AdminRegistry& registry, QuotaAdmin& admin);

inline constexpr std::string_view kQuotaService = "weir.quota.v1.QuotaService";

// Adds the methods of weir.quota.v1.QuotaService. Both must outlive what serves the registry.
void RegisterQuota(rpc::ServiceRegistry& registry, api::Quota& quota);

}  // namespace weir::quota
