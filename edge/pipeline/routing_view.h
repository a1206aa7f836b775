#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/api/routing.h"
#include "common/async/timers.h"
#include "edge/upstream/upstream_call.h"

namespace weir::edge {

// A provider as this loop calls it: its pool, and the parts of a request head that never change.
struct UpstreamTarget {
  const routing::v1::ProviderTarget* provider = nullptr;
  std::shared_ptr<UpstreamPool> pool;
  UpstreamCall::Times times;
  std::string head_suffix;  // Host, credential, identity coding: complete header lines.
  absl::Status usable;      // Why it cannot be called (a CA that does not parse).
};

// One version of the routing table, compiled for a loop. Immutable; requests hold it while they
// run.
struct CompiledRoutes {
  std::shared_ptr<const routing::v1::RoutingTable> table;
  std::vector<UpstreamTarget> targets;  // As table->providers().
  std::unordered_map<std::string_view, const routing::v1::ProxyRoute*> by_context;
};

// Which proxy and what kind of API a path means.
struct RouteMatch {
  routing::v1::ApiKind kind = routing::v1::API_KIND_UNSPECIFIED;
  const routing::v1::ProxyRoute* proxy = nullptr;  // Null: the root.
  std::string_view model_id;                       // GET /models/{id}.
  bool found = false;
};

// Matches PREFIX + /chat/completions, /responses, /openai/responses, /openai/v1/responses,
// /embeddings, /models, /models/ID, where PREFIX is empty, /v1, a proxy's context, or that and /v1.
// The match points into `routes` and `path`.
RouteMatch MatchPath(const CompiledRoutes& routes, std::string_view path);

// Follows the routing service's table on one loop, and used on its thread alone.
class RoutingView {
 public:
  struct Deps {
    asio::io_context& loop;  // All must outlive the view and the tables that it gave.
    api::Routing& routing;
    Dialer& dialer;
    Timers& timers;
  };
  explicit RoutingView(Deps deps);

  // Reads tables until the loop ends; watches again after a break.
  asio::awaitable<void> Run();

  // The newest table; null until the first has come.
  std::shared_ptr<const CompiledRoutes> Current() const { return current_; }

  // Closes pooled connections that idle too long.
  void CloseIdleConnections();

 private:
  void Apply(std::shared_ptr<const routing::v1::RoutingTable> table);
  UpstreamTarget Compile(const routing::v1::ProviderTarget& provider);

  Deps deps_;
  std::shared_ptr<const CompiledRoutes> current_;
  // By everything that makes connections differ: pools outlive tables.
  std::unordered_map<std::string, std::shared_ptr<UpstreamPool>> pools_;
};

}  // namespace weir::edge
