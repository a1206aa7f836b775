#include "common/api/remote_routes.h"

#include <pthread.h>

#include <optional>
#include <thread>

#include "common/api/remote_routing.h"
#include "common/api/snapshot_routing.h"
#include "common/async/loop_context.h"
#include "common/rpc/threaded_loop.h"

namespace weir::api {

struct RemoteRoutes::Parts {
  Parts(const Clock& clock, metrics::Registry& registry)
      : timers(io, clock), loop(io), metrics(registry, "routing") {}
  ~Parts() {
    work.reset();
    io.stop();
    if (thread.joinable()) thread.join();
    if (client != nullptr) client->Abandon();
    io.Abandon();  // Before anything that a coroutine refers to goes.
  }

  LoopContext io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
  AsioTimers timers;
  rpc::ThreadedLoop loop;  // Nobody waits for it but those who watch.
  rpc::PipeMetrics metrics;
  std::unique_ptr<rpc::PipeClient> client;
  std::optional<RemoteRouting> remote;
  std::optional<SnapshotRouting> routing;
  std::thread thread;
};

absl::StatusOr<std::unique_ptr<RemoteRoutes>> RemoteRoutes::Start(const RemoteAddresses& addresses,
                                                                  Deps deps) {
  auto parts = std::make_unique<Parts>(deps.clock, deps.metrics);
  WEIR_ASSIGN_OR_RETURN(parts->client,
                        rpc::PipeClient::Create({.service = "weir.routing.v1.RoutingService",
                                                 .addresses = addresses.routing,
                                                 .tls = addresses.tls,
                                                 .tls_name = "routing.weir",
                                                 .version = addresses.version},
                                                {.loop = parts->loop,
                                                 .timers = parts->timers,
                                                 .random = deps.random,
                                                 .resolver = deps.resolver,
                                                 .metrics = &parts->metrics}));
  parts->remote.emplace(*parts->client);
  parts->routing.emplace(SnapshotRouting::Options(), SnapshotRouting::Deps{.inner = *parts->remote,
                                                                           .timers = parts->timers,
                                                                           .metrics = deps.metrics,
                                                                           .kept = deps.kept});
  parts->routing->Restore();
  asio::post(parts->io, [client = parts->client.get()] { client->Start(); });
  asio::co_spawn(parts->io, parts->routing->Run(), asio::detached);
  parts->loop.Start();
  parts->thread = std::thread([io = &parts->io] { io->run(); });
  pthread_setname_np(parts->thread.native_handle(), "weir-routes");
  return std::unique_ptr<RemoteRoutes>(new RemoteRoutes(std::move(parts)));
}

RemoteRoutes::RemoteRoutes(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RemoteRoutes::~RemoteRoutes() = default;

Routing& RemoteRoutes::routing() { return *parts_->routing; }
std::string RemoteRoutes::WhyStale() const { return parts_->routing->WhyStale(); }
void RemoteRoutes::Close() { parts_->routing->Close(); }

}  // namespace weir::api
