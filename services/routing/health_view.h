#pragma once

#include <string_view>

#include "common/time/clock.h"
#include "services/routing/compiled_table.h"
#include "weir/routing/v1/routing_admin.pb.h"

namespace weir::routing {

// Each target of `organization` that is out, failed last, or failed within `memory`; ordered by
// proxy, provider and upstream model.
v1::GetHealthResponse HealthOf(const CompiledTable& table, std::string_view organization,
                               const Clock& clock, Duration memory);

// The health that `report` is about; null where the table has no such target in that route.
TargetHealth* FindHealth(const CompiledTable& table, const v1::ReportRequest& report);

}  // namespace weir::routing
