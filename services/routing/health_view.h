#pragma once

#include <string_view>

#include "common/routing/compiled_table.h"
#include "common/time/clock.h"
#include "weir/routing/v1/routing_admin.pb.h"

namespace weir::routing {

// Each target of `organization` that is out, failed last, or failed within `memory`; ordered by
// proxy, provider and upstream model.
v1::GetHealthResponse HealthOf(const CompiledTable& table, std::string_view organization,
                               const Clock& clock, Duration memory);

}  // namespace weir::routing
