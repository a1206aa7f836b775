#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/api/caching_identity.h"
#include "common/async/loop_context.h"
#include "common/async/mutex.h"
#include "common/ids/buffered_random.h"
#include "edge/config.h"
#include "edge/edge.h"
#include "edge/http/listener.h"
#include "edge/pipeline/pipeline.h"

namespace weir::edge {

namespace ssl = boost::asio::ssl;

// One event loop with all it owns: connections, upstream pools, outbox, caches. Shares nothing with
// the other loops but the services, the metrics, and what counts for a process as a whole.
class EdgeLoop {
 public:
  struct Shared {
    const EdgeConfig& config;  // All must outlive the loop.
    Edge::Deps deps;
    EdgeMetrics& metrics;
    AddressLimiter& addresses;
    Quarantine& refused;
    const PipelineOptions& pipeline;
    // As config.listeners; null where plain.
    const std::vector<std::shared_ptr<ssl::context>>& tls;
  };
  // `index`, from 0, names its thread and outbox. kUnavailable: outbox or listener cannot be
  // opened. `ports` overrides the configured ones where not empty: what the first loop got for port
  // 0.
  static absl::StatusOr<std::unique_ptr<EdgeLoop>> Create(int index, Shared shared,
                                                          std::vector<uint16_t> ports);
  ~EdgeLoop();

  // Runs the loop on a thread of its own.
  void StartThread();
  // Accepts connections from now on; without the rules of the guardrails, 3 s later. Any thread.
  void StartAccepting();
  // Stops accepting, ends idle connections. Any thread.
  void StopAccepting();
  // Ends the answers that are under way, with an error that says so. Any thread.
  void CutShort();
  // Ends what is still open. Any thread.
  void CloseConnections();
  // Ends the loop and joins its thread.
  void Stop();

  // Brings the figures below up to date soon; else they are up to half a second old. One thread.
  void Refresh();
  // Nothing that was asked of Refresh is outstanding: the figures are of after the last call of it.
  // The same thread.
  bool refreshed() const { return refreshed_ == refreshes_; }
  // Any thread.
  bool has_routes() const { return has_routes_; }
  // What the guardrails want to judge is known.
  bool has_rules() const { return has_rules_; }
  // Why its services cannot be relied on; empty: they can.
  std::string WhyNotReady() const;
  size_t connections() const { return connections_; }
  size_t unsettled() const { return unsettled_; }

  asio::io_context& io() { return io_; }
  Timers& timers() { return timers_; }
  LoopServices& services() { return *services_; }
  Deadlines& deadlines() { return deadlines_; }
  PeerWatch& peer_watch() { return peer_watch_; }
  std::vector<uint16_t> ports() const;

 private:
  EdgeLoop(int index, Shared shared);
  absl::Status Open(std::vector<uint16_t> ports);
  void OpenPolicies();
  asio::awaitable<void> Accept();
  asio::awaitable<void> RenewHolds();
  asio::awaitable<void> KeepHouse();
  void LookAround();
  void CountLostCacheCalls();
  void SyncOutbox();

  const int index_;
  const std::string edge_id_;
  Shared shared_;
  BufferedRandom request_ids_;
  LoopContext io_{1};
  AsioTimers timers_;
  Deadlines deadlines_;
  PeerWatch peer_watch_;
  std::unique_ptr<LoopServices> services_;
  std::optional<api::CachingIdentity> identity_;
  // Where there are such services.
  std::optional<GuardPolicyView> guard_policies_;
  std::optional<Guard> guard_;
  std::optional<CachePolicyView> cache_policies_;
  std::optional<AnswerCache> answer_cache_;
  std::optional<Gate> gate_;
  std::unique_ptr<Dialer> dialer_;
  std::unique_ptr<RoutingView> routes_;
  // Outlives the outbox: what waits for a write ends with it.
  std::unique_ptr<Settlements> settlements_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Pipeline> pipeline_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
  int64_t attempts_ = 0;
  uint64_t refreshes_ = 0;  // Asked for.
  std::atomic<uint64_t> refreshed_{0};
  AnswerCache::Counts counted_;  // Of the cache's calls.
  std::atomic<bool> has_routes_{false};
  std::atomic<bool> has_rules_{false};
  mutable Mutex mutex_;
  std::string not_ready_ ABSL_GUARDED_BY(mutex_);
  std::atomic<size_t> connections_{0};
  std::atomic<size_t> unsettled_{0};
};

}  // namespace weir::edge
