#pragma once

#include <string_view>

#include "common/api/guardrails.h"
#include "common/rpc/admin_registry.h"
#include "common/rpc/service_registry.h"
#include "services/guardrails/guardrails_admin.h"

namespace weir::guardrails {

// Serves weir.guardrails.v1.GuardrailsAdminService: every method of it. `admin` must outlive the
// registry.
void RegisterGuardrailsAdmin(rpc::AdminRegistry& registry, GuardrailsAdmin& admin);

inline constexpr std::string_view kGuardrailsService = "weir.guardrails.v1.GuardrailsService";

// Adds every method of weir.guardrails.v1.GuardrailsService. Both must outlive what serves the
// registry.
void RegisterGuardrails(rpc::ServiceRegistry& registry, api::Guardrails& guardrails);

}  // namespace weir::guardrails
