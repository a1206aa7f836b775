#include "tests/mock_upstream/mock_upstream.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <thread>

#include "tests/mock_upstream/control_connection.h"
#include "tests/mock_upstream/http_connection.h"
#include "tests/mock_upstream/listener.h"

namespace weir::mock {
namespace {

using boost::system::error_code;

constexpr int kMaxThreads = 64;

absl::Status UseCertificate(const MockUpstream::Options& options, Core& core) {
  if (options.tls_certificate.empty() != options.tls_key.empty()) {
    return absl::InvalidArgumentError("TLS: want a certificate and a key, or neither");
  }
  if (options.tls_certificate.empty()) return absl::OkStatus();
  core.tls.emplace(asio::ssl::context::tls_server);
  error_code error;
  core.tls->use_certificate_chain_file(options.tls_certificate, error);
  if (!error) core.tls->use_private_key_file(options.tls_key, asio::ssl::context::pem, error);
  if (!error) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format(
      "TLS: reading {} and {}: {}", options.tls_certificate, options.tls_key, error.message()));
}

absl::StatusOr<CorePtr> NewCore(const MockUpstream::Options& options) {
  FixedAnswer fixed = SampleAnswer();
  if (!options.answer_file.empty()) {
    absl::StatusOr<FixedAnswer> loaded = LoadAnswer(options.answer_file);
    if (!loaded.ok()) return loaded.status();
    fixed = *std::move(loaded);
  }
  auto core = std::make_shared<Core>(std::move(fixed), options.api_key, options.request_log);
  if (absl::Status used = UseCertificate(options, *core); !used.ok()) return used;
  return core;
}

}  // namespace

class MockUpstream::Impl {
 public:
  explicit Impl(CorePtr core) : core_(std::move(core)) {}
  ~Impl() { Stop(); }

  void AddLoop(asio::io_context& context) {
    core_->loops.push_back(std::make_unique<EventLoop>(context));
  }
  void AddOwnLoops(int count) {
    for (int i = 0; i < count; ++i) {
      AddLoop(*own_contexts_.emplace_back(std::make_unique<asio::io_context>(1)));
    }
  }

  absl::Status Listen(const Options& options) {
    traffic_ = std::make_shared<Listener>(core_, core_->loops.size(), &Serve);
    control_ = std::make_shared<Listener>(core_, 1, &ServeControl);
    absl::Status opened = traffic_->Open(options.host, options.port);
    if (opened.ok()) opened = control_->Open(options.control_host, options.control_port);
    if (!opened.ok()) return opened;
    for (const auto& listener : {traffic_, control_}) {
      asio::co_spawn(core_->loops[0]->context.get_executor(), Listener::Run(listener),
                     asio::detached);
    }
    return absl::OkStatus();
  }

  void RunThreads() {
    for (const auto& context : own_contexts_) {
      guards_.emplace_back(context->get_executor());
      threads_.emplace_back([&loop = *context] { loop.run(); });
    }
  }

  void Stop() {
    if (std::exchange(stopped_, true)) return;
    for (const auto& context : own_contexts_) context->stop();
    for (std::thread& thread : threads_) thread.join();
    for (const auto& listener : {traffic_, control_}) {
      if (listener) listener->Close();
    }
    for (const auto& loop : core_->loops) {
      // A copy: closing may end a connection, which takes itself off the list.
      for (OpenConnection* each : std::vector(loop->connections.begin(), loop->connections.end())) {
        each->Close();
      }
    }
    traffic_.reset();
    control_.reset();
    guards_.clear();
    own_contexts_.clear();
  }

  Core& core() { return *core_; }
  uint16_t port() const { return port_; }
  uint16_t control_port() const { return control_port_; }
  void KeepPorts() {
    port_ = traffic_->port();
    control_port_ = control_->port();
  }

 private:
  const CorePtr core_;
  std::vector<std::unique_ptr<asio::io_context>> own_contexts_;
  std::vector<asio::executor_work_guard<Executor>> guards_;
  std::vector<std::thread> threads_;
  std::shared_ptr<Listener> traffic_, control_;
  uint16_t port_ = 0, control_port_ = 0;
  bool stopped_ = false;
};

MockUpstream::MockUpstream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MockUpstream::~MockUpstream() = default;

absl::StatusOr<std::unique_ptr<MockUpstream>> MockUpstream::Start(const Options& options) {
  if (options.threads < 1 || options.threads > kMaxThreads) {
    return absl::InvalidArgumentError(
        fmt::format("threads is {}, want 1 to {}", options.threads, kMaxThreads));
  }
  absl::StatusOr<CorePtr> core = NewCore(options);
  if (!core.ok()) return core.status();
  auto impl = std::make_unique<Impl>(*std::move(core));
  impl->AddOwnLoops(options.threads);
  if (absl::Status listening = impl->Listen(options); !listening.ok()) return listening;
  impl->KeepPorts();
  impl->RunThreads();
  return std::unique_ptr<MockUpstream>(new MockUpstream(std::move(impl)));
}

absl::StatusOr<std::unique_ptr<MockUpstream>> MockUpstream::Start(const Options& options,
                                                                  asio::io_context& context) {
  absl::StatusOr<CorePtr> core = NewCore(options);
  if (!core.ok()) return core.status();
  auto impl = std::make_unique<Impl>(*std::move(core));
  impl->AddLoop(context);
  if (absl::Status listening = impl->Listen(options); !listening.ok()) return listening;
  impl->KeepPorts();
  return std::unique_ptr<MockUpstream>(new MockUpstream(std::move(impl)));
}

uint16_t MockUpstream::port() const { return impl_->port(); }
uint16_t MockUpstream::control_port() const { return impl_->control_port(); }

absl::Status MockUpstream::SetBehaviour(std::string_view json) {
  absl::StatusOr<Behaviour> behaviour = ParseBehaviour(json);
  if (!behaviour.ok()) return behaviour.status();
  return impl_->core().behaviours.Set(*std::move(behaviour));
}
void MockUpstream::ResetBehaviour() { impl_->core().behaviours.Reset(); }

Ledger::Sums MockUpstream::sums() const { return impl_->core().ledger.sums(); }
std::vector<LoggedRequest> MockUpstream::last_requests(size_t limit) const {
  return impl_->core().ledger.Last(limit);
}
int64_t MockUpstream::open() const { return impl_->core().ledger.open(); }
void MockUpstream::ResetLedger() { impl_->core().ledger.Reset(); }

void MockUpstream::Stop() { impl_->Stop(); }

}  // namespace weir::mock
