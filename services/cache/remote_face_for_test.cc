// The core behind a server, and a pipe to it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "common/api/remote_cache.h"
#include "common/rpc/polled_loop.h"
#include "common/rpc/service_server.h"
#include "common/testing/seeded_random.h"
#include "services/cache/cache_face.h"
#include "services/cache/cache_server.h"

namespace weir::cache {
namespace {

std::string NewSocket() {
  static std::atomic<int> count{0};
  return fmt::format("unix:{}weir_cache_{}_{}.sock", ::testing::TempDir(), ::getpid(), ++count);
}

// Aborts where it cannot: a test without its service says nothing.
template <typename T>
T Value(absl::StatusOr<T> made) {
  if (!made.ok()) {
    ADD_FAILURE() << made.status();
    std::abort();
  }
  return *std::move(made);
}

class RemoteFace final : public CacheFace {
 public:
  explicit RemoteFace(api::Cache& core) {
    RegisterCache(registry_, core);
    server_thread_ = std::thread([this] { server_io_.run(); });
    server_ = Value(rpc::ServiceServer::Start(
        {.address = socket_, .version = "test", .store_id = "test"},
        {.io = server_io_, .registry = registry_, .clock = clock_, .access = {}}));
    client_ = Value(rpc::PipeClient::Create(
        {.service = std::string(kCacheService), .addresses = {socket_}},
        {.loop = loop_, .timers = timers_, .random = random_, .resolver = resolver_}));
    cache_.emplace(*client_);
    client_->Start();
  }
  ~RemoteFace() override {
    client_->Abandon();
    server_->Shutdown(Duration::zero());
    server_work_.reset();
    server_io_.stop();
    server_thread_.join();
  }
  api::Cache& cache() override { return *cache_; }
  asio::io_context& io() override { return io_; }
  const Clock& clock() override { return clock_; }
  void RunUntil(const std::function<bool()>& done) override {
    const auto end = clock_.Monotonic() + std::chrono::seconds(10);
    std::function<void()> look = [&] {
      if (done() || clock_.Monotonic() > end) return io_.stop();
      timers_.At(clock_.Monotonic() + std::chrono::milliseconds(1), look);
    };
    io_.restart();
    asio::post(io_, look);
    loop_.Run();
  }

 private:
  const std::string socket_ = NewSocket();
  const SystemClock clock_;
  rpc::ServiceRegistry registry_{std::string(kCacheService)};
  asio::io_context server_io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> server_work_ =
      asio::make_work_guard(server_io_);
  std::unique_ptr<rpc::ServiceServer> server_;
  std::thread server_thread_;

  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  rpc::PolledLoop loop_{io_};
  AsioTimers timers_{io_, clock_};
  testing::SeededRandom random_{1};
  Resolver resolver_;
  std::unique_ptr<rpc::PipeClient> client_;
  std::optional<api::RemoteCache> cache_;
};

}  // namespace

std::unique_ptr<CacheFace> MakeCacheFace(api::Cache& core) {
  return std::make_unique<RemoteFace>(core);
}

}  // namespace weir::cache
