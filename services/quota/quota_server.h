#pragma once

#include "common/rpc/admin_registry.h"
#include "services/quota/quota_admin.h"

namespace weir::quota {

// Adds every method of weir.quota.v1.QuotaAdminService. Both must outlive what serves the registry.
void RegisterQuotaAdmin(rpc::AdminRegistry& registry, QuotaAdmin& admin);

}  // namespace weir::quota
