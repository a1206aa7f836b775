#pragma once

#include "common/rpc/admin_registry.h"
#include "services/identity/identity_admin.h"

namespace weir::identity {

// Adds every method of weir.identity.v1.IdentityAdminService. Both must outlive what serves the
// registry.
void RegisterIdentityAdmin(rpc::AdminRegistry& registry, IdentityAdmin& admin);

}  // namespace weir::identity
