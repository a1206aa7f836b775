#include "edge/edge_loop.h"

#include <pthread.h>
#include <unistd.h>

#include "common/async/beat.h"
#include "common/log/log.h"

namespace weir::edge {
namespace {

constexpr Duration kHeartbeat = std::chrono::seconds(20);
constexpr Duration kHousekeeping = std::chrono::milliseconds(400);
// A start does not wait longer for guardrails that cannot be reached.
constexpr Duration kRulesWait = std::chrono::seconds(3);
constexpr Duration kRulesPoll = std::chrono::milliseconds(10);

EgressOptions EgressOf(const EdgeConfig& config) {
  EgressOptions options;
  options.allow_plaintext = config.egress_allow_plaintext;
  options.https_proxy = config.egress_https_proxy;
  options.no_proxy = config.egress_no_proxy;
  options.ca_file = config.egress_ca_file;
  return options;
}

api::CachingIdentity::Options IdentityOptions(const EdgeConfig& config) {
  api::CachingIdentity::Options options;
  options.cache.max_principals = config.identity_cache_entries;
  options.cache.identity_grace = config.identity_grace;
  return options;
}

}  // namespace

EdgeLoop::EdgeLoop(int index, Shared shared)
    : index_(index),
      edge_id_(fmt::format("edge-{}-{}", index, RandomBase62(shared.deps.random, 8))),
      shared_(shared),
      request_ids_(shared.deps.random),
      timers_(io_, shared.deps.clock),
      deadlines_(timers_),
      peer_watch_(timers_),
      work_(asio::make_work_guard(io_)) {}

absl::StatusOr<std::unique_ptr<EdgeLoop>> EdgeLoop::Create(int index, Shared shared,
                                                           std::vector<uint16_t> ports) {
  std::unique_ptr<EdgeLoop> loop(new EdgeLoop(index, shared));
  WEIR_RETURN_IF_ERROR(loop->Open(std::move(ports)));
  return loop;
}

absl::Status EdgeLoop::Open(std::vector<uint16_t> ports) {
  const EdgeConfig& config = shared_.config;
  WEIR_ASSIGN_OR_RETURN(services_, shared_.deps.services(io_, timers_));
  identity_.emplace(
      IdentityOptions(config),
      api::CachingIdentity::Deps{
          .inner = services_->identity(), .timers = timers_, .random = shared_.deps.random});
  OpenPolicies();
  EgressOptions egress = EgressOf(config);
  WEIR_ASSIGN_OR_RETURN(egress.allow, AddressSet::Parse(config.egress_allow));
  WEIR_ASSIGN_OR_RETURN(dialer_, Dialer::Create(io_, deadlines_, std::move(egress)));
  WEIR_ASSIGN_OR_RETURN(outbox_,
                        Outbox::Open({.directory = config.outbox_directory, .instance = edge_id_}));
  routes_ = std::make_unique<RoutingView>(RoutingView::Deps{
      .loop = io_, .routing = services_->routing(), .dialer = *dialer_, .timers = timers_});
  settlements_ = std::make_unique<Settlements>(Settlements::Deps{.loop = io_,
                                                                 .quota = services_->quota(),
                                                                 .outbox = *outbox_,
                                                                 .timers = timers_,
                                                                 .refused = shared_.refused});
  gate_.emplace(Gate::Deps{.loop = io_,
                           .quota = services_->quota(),
                           .settlements = *settlements_,
                           .clock = shared_.deps.clock,
                           .guard = guard_ ? &*guard_ : nullptr,
                           .guard_policies = guard_policies_ ? &*guard_policies_ : nullptr,
                           .cache = answer_cache_ ? &*answer_cache_ : nullptr,
                           .cache_policies = cache_policies_ ? &*cache_policies_ : nullptr,
                           .edge_id = edge_id_});
  pipeline_ = std::make_unique<Pipeline>(
      shared_.pipeline,
      Pipeline::Deps{.loop = io_,
                     .identity = *identity_,
                     .routing = services_->routing(),
                     .routes = *routes_,
                     .gate = *gate_,
                     .guards = {guard_ ? &*guard_ : nullptr, services_->guardrails()},
                     .cache = answer_cache_ ? &*answer_cache_ : nullptr,
                     .settlements = *settlements_,
                     .deadlines = deadlines_,
                     .addresses = shared_.addresses,
                     .metrics = shared_.metrics,
                     .clock = shared_.deps.clock,
                     .random = request_ids_});
  const ConnectionDeps connections{.limits = config.http,
                                   .deadlines = deadlines_,
                                   .peer_watch = peer_watch_,
                                   .clock = shared_.deps.clock,
                                   .handler = *pipeline_};
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    Listener::Options options{.host = config.listeners[i].host,
                              .port = ports.empty() ? config.listeners[i].port : ports[i],
                              .tls = shared_.tls[i].get()};
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        Listener::Open(io_, std::move(options), connections);
    if (!listener.ok()) {
      return status::While(listener.status(), "opening the listener '{}'",
                           config.listeners[i].name);
    }
    listeners_.push_back(*std::move(listener));
  }
  asio::co_spawn(io_, routes_->Run(), asio::detached);
  asio::co_spawn(io_, identity_->Run(), asio::detached);
  asio::co_spawn(io_, RenewHolds(), asio::detached);
  asio::co_spawn(io_, KeepHouse(), asio::detached);
  return absl::OkStatus();
}

void EdgeLoop::OpenPolicies() {
  if (api::Guardrails* guardrails = services_->guardrails(); guardrails != nullptr) {
    guard_policies_.emplace(*guardrails, timers_, "guardrails");
    guard_.emplace(Guard::Deps{.service = *guardrails});
    asio::co_spawn(io_, guard_policies_->Run(), asio::detached);
  }
  if (api::Cache* cache = services_->cache(); cache != nullptr) {
    cache_policies_.emplace(*cache, timers_, "cache");
    answer_cache_.emplace(AnswerCache::Options(),
                          AnswerCache::Deps{.cache = *cache, .loop = io_, .timers = timers_});
    asio::co_spawn(io_, cache_policies_->Run(), asio::detached);
  }
}

EdgeLoop::~EdgeLoop() {
  Stop();
  if (services_ != nullptr) services_->Abandon();
  io_.Abandon();  // Before anything that a coroutine refers to goes.
}

void EdgeLoop::StartThread() {
  thread_ = std::thread([this] { services_->Run(io_); });
  pthread_setname_np(thread_.native_handle(), fmt::format("edge-{}", index_).c_str());
}

void EdgeLoop::StartAccepting() { asio::co_spawn(io_, Accept(), asio::detached); }

// Without knowing whom policies are for nobody can be let in: who comes waits to be accepted.
asio::awaitable<void> EdgeLoop::Accept() {
  const MonotonicTime end = timers_.clock().Monotonic() + kRulesWait;
  while (guard_policies_ && guard_policies_->Current() == nullptr &&
         timers_.clock().Monotonic() < end) {
    co_await SleepFor(timers_, kRulesPoll);
  }
  for (auto& each : listeners_) each->Start();
}

void EdgeLoop::StopAccepting() {
  asio::post(io_, [this] {
    for (auto& each : listeners_) each->Drain();
    services_->StopLeasing();
  });
}

void EdgeLoop::CutShort() {
  asio::post(io_, [this] { pipeline_->CutShort(); });
}

void EdgeLoop::CloseConnections() {
  asio::post(io_, [this] {
    for (auto& each : listeners_) each->CloseAll();
  });
}

void EdgeLoop::Stop() {
  work_.reset();
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

std::vector<uint16_t> EdgeLoop::ports() const {
  std::vector<uint16_t> ports;
  for (const auto& each : listeners_) ports.push_back(each->port());
  return ports;
}

asio::awaitable<void> EdgeLoop::RenewHolds() {
  for (;;) {
    co_await SleepFor(timers_, kHeartbeat);
    quota::v1::HeartbeatRequest request;
    request.set_edge_id(edge_id_);
    const auto renewed =
        co_await services_->quota().Heartbeat(api::CallContext{}, std::move(request));
    if (!renewed.ok()) {
      log::Warn("edge.heartbeat.failed", {{"reason", status::Message(renewed.status())}});
    }
  }
}

asio::awaitable<void> EdgeLoop::KeepHouse() {
  for (int turn = 0;; ++turn) {
    co_await SleepFor(timers_, UntilNextBeat(timers_.clock().Monotonic(), kHousekeeping));
    has_routes_ = routes_->Current() != nullptr;
    has_rules_ = !guard_policies_ || guard_policies_->Current() != nullptr;
    if (guard_policies_) guard_policies_->LookAround();
    if (cache_policies_) cache_policies_->LookAround();
    {
      MutexLock lock(mutex_);
      not_ready_ = services_->WhyNotReady();
    }
    LookAround();
    SyncOutbox();
    if (turn % 25 == 0) routes_->CloseIdleConnections();
  }
}

std::string EdgeLoop::WhyNotReady() const {
  MutexLock lock(mutex_);
  return not_ready_;
}

void EdgeLoop::Refresh() {
  asio::post(io_, [this, refresh = ++refreshes_] {
    LookAround();
    refreshed_ = refresh;
  });
}

void EdgeLoop::LookAround() {
  unsettled_ = settlements_->unacknowledged() + services_->leases();
  size_t open = 0;
  for (const auto& each : listeners_) open += each->connections();
  shared_.metrics.connections += static_cast<int64_t>(open) - static_cast<int64_t>(connections_);
  connections_ = open;
  const auto attempts = static_cast<int64_t>(outbox_->open());
  shared_.metrics.open_attempts += attempts - attempts_;
  attempts_ = attempts;
  CountLostCacheCalls();
}

void EdgeLoop::CountLostCacheCalls() {
  if (!answer_cache_) return;
  const AnswerCache::Counts now = answer_cache_->counts();
  const auto count = [&](std::string_view call, int64_t AnswerCache::Counts::* of) {
    shared_.metrics.CountLostCacheCalls(call, now.*of - counted_.*of);
  };
  count("lookup_late", &AnswerCache::Counts::lookups_late);
  count("lookup", &AnswerCache::Counts::lookups_failed);
  count("confirm", &AnswerCache::Counts::confirms_failed);
  count("lead", &AnswerCache::Counts::leads_failed);
  count("lead_lost", &AnswerCache::Counts::leads_lost);
  count("record_dropped", &AnswerCache::Counts::records_dropped);
  count("record", &AnswerCache::Counts::records_failed);
  counted_ = now;
}

void EdgeLoop::SyncOutbox() {
  for (const int file : outbox_->TakeDirtyFiles()) {
    const bool posted = shared_.deps.workers.TryPost([file] {
      ::fdatasync(file);
      ::close(file);
    });
    if (!posted) ::close(file);
  }
}

}  // namespace weir::edge
