#pragma once

#include <future>
#include <memory>
#include <string>
#include <thread>

#include "common/api/admin_call.h"
#include "common/async/loop_context.h"
#include "common/async/mutex.h"
#include "common/async/resolver.h"
#include "common/async/timers.h"
#include "common/async/worker_pool.h"
#include "common/ids/random.h"
#include "common/metrics/registry.h"
#include "common/process/host_config.h"
#include "common/process/program.h"
#include "common/rpc/admin_registry.h"
#include "common/rpc/service_registry.h"

namespace weir::process {

// What every service of a suite stands on: a loop with its thread, workers, the ops listener, the
// ports of the hot and the admin API. The service itself is made by its main.cc in between.
//
// For one thread, but where said otherwise. Order: Open, make the service, Serve, Drain.
class ServiceHost {
 public:
  // Both outlive it.
  ServiceHost(const HostConfig& config, std::string_view version);
  ~ServiceHost();

  // Opens the ops listener (not ready yet) and starts the loop.
  absl::Status Open();

  LoopContext& io() { return io_; }
  Timers& timers() { return timers_; }
  WorkerPool& workers() { return workers_; }
  const Clock& clock() const { return clock_; }
  Random& random() { return random_; }
  metrics::Registry& metrics() { return metrics_; }

  // Runs `work` on the loop; blocks until it is done. Not on the loop itself.
  template <typename T>
  T Await(asio::awaitable<T> work) {
    std::promise<T> done;
    asio::co_spawn(io_, std::move(work),
                   [&done](std::exception_ptr, T result) { done.set_value(std::move(result)); });
    return done.get_future().get();
  }

  // What the store answered last. While that is an error the process is not ready. Any thread.
  void StoreAnswered(const absl::Status& answer);

  // Admin tokens as identity knows them, over the pipe to `config.identity`.
  absl::StatusOr<api::AdminTokenVerifier*> AskIdentity();

  struct Api {
    const rpc::ServiceRegistry& hot;  // All outlive Drain.
    const rpc::AdminRegistry& admin;
    api::AdminTokenVerifier& tokens;
    // What its answers stand on; the same for all replicas.
    std::string store_id;
  };
  // Opens the ports; ready from now on.
  absl::Status Serve(const Api& api);
  // Tells all pipes (rpc::ServiceServer::Notify). On the loop's thread, while it serves.
  void Notify(std::string_view kind, std::string_view subject);

  // Not ready any more; open calls end, within `config.drain`; then nothing runs here any more, and
  // what waited on the loop is gone. Blocks. Once.
  void Drain();

 private:
  class Ports;
  class Identity;
  std::string WhyNotReady() const;
  void SetState(std::string why_not);

  const HostConfig& config_;
  const std::string version_;
  const SystemClock clock_;
  SecureRandom random_;
  metrics::Registry metrics_;
  Resolver resolver_;
  LoopContext io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  AsioTimers timers_{io_, clock_};
  WorkerPool workers_{"weir-work", 4, 10'000};

  mutable Mutex mutex_;
  // Empty: ready.
  std::string state_ ABSL_GUARDED_BY(mutex_) = "starting";
  std::string store_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<http::OpsServer> ops_;
  std::unique_ptr<Identity> identity_;
  std::unique_ptr<Ports> ports_;
  std::thread thread_;
};

// The `load` of a service's Program: `read` (path, environment, config) reads its file, which has
// the common part in `host`; `Process` is made of it. A
// Process may be drained however far its Open has come.
template <typename Process, auto read>
absl::StatusOr<Loaded> LoadService(const std::string& path,
                                   const config::Environment& environment) {
  typename Process::Config config;
  WEIR_ASSIGN_OR_RETURN(config::Settings settings, read(path, environment, config));
  return Loaded{.settings = std::move(settings),
                .log = config.host.log,
                .banner = Banner(config.host.profile),
                .start = [config]() -> absl::StatusOr<std::unique_ptr<Running>> {
                  auto process = std::make_unique<Process>(config);
                  const absl::Status opened = process->Open();
                  if (opened.ok()) return process;
                  // Its loop runs already: what that refers to must not go before.
                  process->Drain();
                  return opened;
                }};
}

}  // namespace weir::process
