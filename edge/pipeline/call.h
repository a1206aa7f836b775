#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/api/call_context.h"
#include "edge/dialects/openai/request_body.h"
#include "edge/http/exchange.h"
#include "edge/pipeline/cache_use.h"
#include "edge/pipeline/guard_use.h"
#include "edge/pipeline/routing_view.h"
#include "edge/upstream/upstream_call.h"
#include "weir/common/v1/usage.pb.h"
#include "weir/identity/v1/identity.pb.h"
#include "weir/quota/v1/quota.pb.h"

namespace weir::edge {

using PrincipalPtr = std::shared_ptr<const identity::v1::Principal>;

// One governed request from its first byte to its last: what each step learned, for the steps
// behind it and for the log line.
struct Call {
  Exchange* exchange = nullptr;  // Outlives the call.
  std::string request_id;
  MonotonicTime started;
  const Clock* clock = nullptr;
  api::CallContext context;

  std::shared_ptr<const CompiledRoutes> routes;
  RouteMatch route;
  std::string decoded;          // A body that came encoded.
  std::string_view body_bytes;  // The body, decoded, with 64 readable bytes behind it.
  openai::RequestBody body;
  PrincipalPtr principal;
  routing::v1::PlanResponse plan;
  Headers limit_headers;  // x-ratelimit-*: on every answer once they are known.

  GuardUse guard;
  CacheUse cache;

  // The upstream call that runs, so that a client that goes away ends it.
  UpstreamCall* upstream = nullptr;
  // The drain limit is over: the answer ends now, and says so.
  bool cut_short = false;

  // A strict limit stopped the stream.
  bool cut_at_wall = false;

  // For the log line.
  int http_status = 0;
  std::string error_code;
  std::string_view provider;  // Points into the plan.
  std::string upstream_model;
  int attempts = 0;
  common::v1::Usage usage;
  bool usage_known = false;
  bool usage_estimated = false;
  Duration upstream_first_byte{};
  int upstream_status = 0;  // 0: none came.

  MonotonicTime Now() const { return clock->Monotonic(); }
};

// Shared, so that coroutines take it by value.
using CallPtr = std::shared_ptr<Call>;

}  // namespace weir::edge
