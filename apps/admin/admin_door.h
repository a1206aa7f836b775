#pragma once

#include <atomic>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "apps/admin/config.h"
#include "common/async/loop_context.h"
#include "common/async/timers.h"
#include "common/async/worker_pool.h"
#include "common/http/ops_server.h"
#include "common/metrics/registry.h"
#include "common/process/program.h"
#include "common/rpc/threaded_loop.h"
#include "common/rpc/unary_client.h"
#include "edge/admin/backend_health.h"
#include "edge/admin/door.h"
#include "edge/http/listener.h"

namespace weir::admin {

// The process: one loop with the listener, the door, and the ways to the services. Members in the
// order of their making.
class AdminDoor final : public process::Running {
 public:
  explicit AdminDoor(AdminConfig config);
  ~AdminDoor() override;

  // Listens and serves. kInvalidArgument: a file of TLS cannot be used; kUnavailable: an address is
  // taken.
  absl::Status Open();
  // Not ready any more, no new connections; calls that are under way have 10 s.
  void Drain() override;

  uint16_t port() const { return listener_->port(); }
  uint16_t ops_port() const { return ops_->port(); }

 private:
  absl::Status Connect();
  absl::Status Listen();
  std::string WhyNotReady() const;
  // Runs `work` on the loop, and returns when it is done.
  void OnLoop(std::function<void()> work);
  bool WaitUntil(Duration limit, const std::function<bool()>& done);
  void Stop();

  const AdminConfig config_;
  const SystemClock clock_;
  metrics::Registry metrics_;
  LoopContext io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  AsioTimers timers_{io_, clock_};
  edge::Deadlines deadlines_{timers_};
  edge::PeerWatch peer_watch_{timers_};
  WorkerPool workers_{"weir-work", 2, 1000};
  std::optional<rpc::ThreadedLoop> loop_{std::in_place, io_};
  std::vector<std::unique_ptr<rpc::UnaryClient>> clients_;
  std::optional<edge::BackendHealth> health_;
  std::shared_ptr<asio::ssl::context> tls_;
  std::unique_ptr<edge::Door> door_;
  std::unique_ptr<edge::Listener> listener_;
  std::unique_ptr<http::OpsServer> ops_;
  std::atomic<bool> draining_{false};
  std::thread thread_;
};

}  // namespace weir::admin
