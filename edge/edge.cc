#include "edge/edge.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <thread>

#include "common/log/log.h"
#include "edge/edge_loop.h"
#include "edge/http/ops_handler.h"
#include "edge/http/server_tls.h"
#include "edge/pipeline/recovery.h"

namespace weir::edge {
namespace {

constexpr Duration kPoll = std::chrono::milliseconds(20);
constexpr Duration kCutWait = std::chrono::milliseconds(500);
constexpr Duration kCloseWait = std::chrono::seconds(2);
constexpr Duration kSettleWait = std::chrono::seconds(5);
// A start does not wait longer for a ledger that cannot be reached.
constexpr Duration kLedgerWait = std::chrono::seconds(5);

class LoopedEdge final : public Edge {
 public:
  LoopedEdge(EdgeConfig config, Deps deps)
      : config_(std::move(config)),
        deps_(deps),
        metrics_(deps.metrics),
        addresses_(config_.address_requests_per_second, config_.address_burst, deps.clock),
        refused_(config_.outbox_directory, deps.metrics),
        ops_({.not_ready = [this] { return WhyNotReady(); },
              .remark = deps.remark,
              .metrics = [this] { return deps_.metrics.Render(); }}) {}

  ~LoopedEdge() override {
    for (auto& each : loops_) each->Stop();  // Also where nobody drained it.
  }

  absl::Status Open() {
    std::error_code error;
    std::filesystem::create_directories(config_.outbox_directory, error);
    if (error) {
      return status::Unavailable("making '{}': {}", config_.outbox_directory, error.message());
    }
    WEIR_RETURN_IF_ERROR(OpenTls());
    pipeline_.open_auth = config_.open_auth;
    pipeline_.open_organization = config_.open_organization;
    pipeline_.max_body = config_.max_body_bytes;
    pipeline_.max_answer_buffer = config_.max_answer_buffer_bytes;
    pipeline_.max_concurrent = config_.max_concurrent_requests;
    pipeline_.forward_headers = config_.forward_headers;
    WEIR_ASSIGN_OR_RETURN(pipeline_.trusted_proxies, AddressSet::Parse(config_.trusted_proxies));
    const int cores = static_cast<int>(std::thread::hardware_concurrency());
    const int loops = config_.loops > 0 ? config_.loops : std::max(1, cores / 2);
    const EdgeLoop::Shared shared{.config = config_,
                                  .deps = deps_,
                                  .metrics = metrics_,
                                  .addresses = addresses_,
                                  .refused = refused_,
                                  .pipeline = pipeline_,
                                  .tls = tls_};
    for (int i = 0; i < loops; ++i) {
      absl::StatusOr<std::unique_ptr<EdgeLoop>> loop =
          EdgeLoop::Create(i, shared, loops_.empty() ? std::vector<uint16_t>{} : ports());
      if (!loop.ok()) return loop.status();
      loops_.push_back(*std::move(loop));
    }
    recovery_.emplace(Recovery::Deps{.directory = config_.outbox_directory,
                                     .quota = loops_.front()->services().quota(),
                                     .refused = refused_,
                                     .workers = deps_.workers,
                                     .timers = loops_.front()->timers()});
    return OpenOps();
  }

  void Start() override {
    asio::co_spawn(loops_.front()->io(), Recover(), asio::detached);
    ops_listener_->Start();
    for (auto& each : loops_) each->StartThread();
  }

  void Drain() override {
    draining_ = true;
    log::Info("edge.drain.begin",
              {{"limit_ms",
                std::chrono::duration_cast<std::chrono::milliseconds>(config_.drain).count()}});
    for (auto& each : loops_) each->StopAccepting();
    const auto no_connection = [this] {
      return std::ranges::all_of(loops_, [](const auto& each) { return each->connections() == 0; });
    };
    WaitUntil(config_.drain, no_connection);
    for (auto& each : loops_) each->CutShort();
    WaitUntil(kCutWait, no_connection);
    for (auto& each : loops_) each->CloseConnections();
    // What is cut off ends by itself, and settles: nothing of a connection may outlive its loop.
    WaitUntil(kCloseWait, no_connection);
    WaitUntil(kSettleWait, [this] {
      return std::ranges::all_of(loops_, [](const auto& each) { return each->unsettled() == 0; });
    });
    CloseOps();
    for (auto& each : loops_) each->Stop();
    log::Info("edge.drain.end", {});
  }

  bool ready() const override { return WhyNotReady().empty(); }
  std::vector<uint16_t> ports() const override { return loops_.front()->ports(); }
  uint16_t ops_port() const override { return ops_listener_->port(); }

 private:
  absl::Status OpenTls() {
    for (const ListenerConfig& each : config_.listeners) {
      std::shared_ptr<ssl::context> tls;
      if (each.tls.self_signed) {
        WEIR_ASSIGN_OR_RETURN(tls, SelfSignedServerTls(each.host));
      } else if (each.tls.enabled) {
        WEIR_ASSIGN_OR_RETURN(tls, LoadServerTls(each.tls.certificate_file, each.tls.key_file));
      }
      tls_.push_back(std::move(tls));
    }
    return absl::OkStatus();
  }

  absl::Status OpenOps() {
    EdgeLoop& loop = *loops_.front();
    const ConnectionDeps deps{.limits = config_.http,
                              .deadlines = loop.deadlines(),
                              .peer_watch = loop.peer_watch(),
                              .clock = deps_.clock,
                              .handler = ops_};
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        Listener::Open(loop.io(), {.host = config_.ops_host, .port = config_.ops_port}, deps);
    if (!listener.ok()) return status::While(listener.status(), "opening the ops listener");
    ops_listener_ = *std::move(listener);
    return absl::OkStatus();
  }

  // The last listener: readiness and metrics are there until the end.
  void CloseOps() {
    std::promise<void> closed;
    asio::post(loops_.front()->io(), [this, &closed] {
      ops_listener_->Drain();
      ops_listener_->CloseAll();
      closed.set_value();
    });
    closed.get_future().wait();
    const MonotonicTime end = deps_.clock.Monotonic() + kCloseWait;
    while (ops_listener_->connections() > 0 && deps_.clock.Monotonic() < end) {
      std::this_thread::sleep_for(kPoll);
    }
  }

  asio::awaitable<void> Recover() {
    // Before the first request: strict limits must count what an earlier process dispatched. Where
    // the ledger is out of reach, they could not.
    co_await recovery_->SettleFirst(kLedgerWait);
    for (auto& each : loops_) each->StartAccepting();
    accepting_ = true;
    co_await recovery_->Run();
  }

  std::string WhyNotReady() const {
    if (draining_) return "draining";
    if (!accepting_) return "settling what an earlier process left";
    for (const auto& each : loops_) {
      if (!each->has_routes()) return "the routing table has not been read yet";
      if (!each->has_rules()) return "the policies of the guardrails have not been read yet";
      if (std::string why = each->WhyNotReady(); !why.empty()) return why;
    }
    return {};
  }

  // `done` sees figures that are younger than the call: a loop that is late with them is waited
  // for, else a connection that it took a moment ago would be cut off as if nobody was there.
  template <typename Done>
  void WaitUntil(Duration limit, Done done) {
    const MonotonicTime end = deps_.clock.Monotonic() + limit;
    const auto refreshed = [](const auto& each) { return each->refreshed(); };
    bool is_done = false;
    do {
      for (auto& each : loops_) {
        if (each->refreshed()) each->Refresh();
      }
      std::this_thread::sleep_for(kPoll);
      is_done = std::ranges::all_of(loops_, refreshed) && done();
    } while (!is_done && deps_.clock.Monotonic() < end);
  }

  const EdgeConfig config_;
  Deps deps_;
  EdgeMetrics metrics_;
  AddressLimiter addresses_;
  Quarantine refused_;
  PipelineOptions pipeline_;
  std::vector<std::shared_ptr<ssl::context>> tls_;
  OpsHandler ops_;
  std::optional<Recovery> recovery_;
  std::vector<std::unique_ptr<EdgeLoop>> loops_;
  std::unique_ptr<Listener> ops_listener_;
  std::atomic<bool> draining_{false};
  std::atomic<bool> accepting_{false};
};

}  // namespace

absl::StatusOr<std::unique_ptr<Edge>> Edge::Create(EdgeConfig config, Deps deps) {
  auto edge = std::make_unique<LoopedEdge>(std::move(config), deps);
  WEIR_RETURN_IF_ERROR(edge->Open());
  return std::unique_ptr<Edge>(std::move(edge));
}

}  // namespace weir::edge
