#pragma once

#include "common/routing/compiled_table.h"
#include "common/status/status.h"
#include "common/time/clock.h"
#include "weir/routing/v1/routing.pb.h"

namespace weir::routing {

// "All models are currently unavailable": what clients read when every target is out.
inline constexpr std::string_view kAllOutMessage = "All models are currently unavailable";

// The ordered attempts for `request` on `table`, whatever version the request names. Passes turns
// of round robins, else changes nothing. Pure time: `now` decides who is out. Thread-safe,
// lock-free.
//
// kNotFound: the model does not exist or may not be named here, or the proxy does not exist or does
// not serve this kind. kInvalidArgument: the request names no model, and nothing here chooses one.
// kUnavailable: the proxy or the model is not resolved, which the message names; or, with a
// RetryLater detail, all targets are out.
absl::StatusOr<v1::PlanResponse> PlanOn(const CompiledTable& table, const v1::PlanRequest& request,
                                        MonotonicTime now);

}  // namespace weir::routing
