#pragma once

#include <string_view>

#include "common/routing/compiled_table.h"
#include "common/time/clock.h"
#include "weir/routing/v1/routing.pb.h"

// Targets of a table by name: what reports and suspensions speak of.
namespace weir::routing {

// Points into what it was made of.
struct TargetName {
  std::string_view organization;
  std::string_view proxy;  // Empty: the root.
  std::string_view model;
  std::string_view provider;
  std::string_view upstream_model;
};
TargetName NameOf(const v1::ReportRequest& report);
TargetName NameOf(const v1::Suspension& suspension);

// The health of that target in that route; null where the table has no such.
TargetHealth* FindHealth(const CompiledTable& table, const TargetName& name);

// Every target that is out at `now` and failed after `since` (MonotonicTime::min(): whenever), for
// those who plan elsewhere. Looks at all targets: 10 us for a thousand.
v1::Suspensions SuspensionsSince(const CompiledTable& table, MonotonicTime since,
                                 MonotonicTime now);

// Records what others saw fail. What the table does not know is ignored. `now`: when it was told.
void Learn(const CompiledTable& table, const v1::Suspensions& suspensions, MonotonicTime now);

}  // namespace weir::routing
