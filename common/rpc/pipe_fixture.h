#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "common/rpc/grpc_setup.h"
#include "common/rpc/pipe_client.h"
#include "common/rpc/polled_loop.h"
#include "common/rpc/service_server.h"
#include "common/status/detail.h"
#include "common/testing/seeded_random.h"
#include "weir/common/v1/attempt.pb.h"

namespace weir::rpc::testing {

using common::v1::AttemptKey;

// A service to be asked: says what came, waits, fails. Its messages are borrowed.
class EchoService {
 public:
  explicit EchoService(asio::io_context& io) : timers_(io, clock_) {}
  // The request, with `attempt` + 1.
  asio::awaitable<absl::StatusOr<AttemptKey>> Say(api::CallContext call, AttemptKey request) {
    ++said;
    last_deadline = call.deadline;
    request.set_attempt(request.attempt() + 1);
    co_return request;
  }
  // Say, after `attempt` milliseconds.
  asio::awaitable<absl::StatusOr<AttemptKey>> Wait(api::CallContext, AttemptKey request) {
    ++waiting;
    co_await SleepFor(timers_, std::chrono::milliseconds(request.attempt()));
    --waiting;
    co_return request;
  }
  asio::awaitable<absl::StatusOr<AttemptKey>> Fail(api::CallContext, AttemptKey request) {
    AttemptKey detail;
    detail.set_request_id("detail");
    co_return status::WithDetail(status::NotFound("no {}", request.request_id()), detail);
  }
  // `attempt` events.
  std::shared_ptr<EventStream<AttemptKey>> Count(AttemptKey request,
                                                 asio::any_io_executor executor) {
    auto events = std::make_shared<BufferedStream<AttemptKey>>(std::move(executor), 1000);
    for (uint32_t i = 0; i < request.attempt(); ++i) {
      AttemptKey event;
      event.set_attempt(i);
      events->Offer(event);
    }
    if (request.request_id() == "end") events->End();
    return events;
  }

  std::atomic<int> said{0};
  std::atomic<int> waiting{0};
  std::atomic<MonotonicTime> last_deadline{MonotonicTime()};

 private:
  const SystemClock clock_;
  AsioTimers timers_;
};

inline constexpr std::string_view kEcho = "weir.test.v1.EchoService";

// As the processes of a suite have it.
inline void SetUpGrpcOnce() {
  static const bool once = (SetUpGrpc(), true);
  std::ignore = once;
}

// A process of the service, on a thread of its own.
class EchoServer {
 public:
  explicit EchoServer(std::string address, std::string store = "store-1", AccessCheck access = {},
                      PeerTls tls = {})
      : echo_(io_) {
    SetUpGrpcOnce();
    registry_.Add("Say", echo_, &EchoService::Say);
    registry_.Add("Wait", echo_, &EchoService::Wait);
    registry_.Add("Fail", echo_, &EchoService::Fail);
    registry_.AddStream<AttemptKey, AttemptKey>("Count", [this](AttemptKey request, auto executor) {
      return echo_.Count(std::move(request), std::move(executor));
    });
    thread_ = std::thread([this] { io_.run(); });
    auto server = ServiceServer::Start(
        {.address = std::move(address), .tls = std::move(tls), .version = "1", .store_id = store},
        {.io = io_, .registry = registry_, .clock = clock_, .access = std::move(access)});
    if (!server.ok()) {
      ADD_FAILURE() << server.status();
      std::abort();
    }
    server_ = *std::move(server);
  }
  ~EchoServer() { Stop(Duration::zero()); }

  void Shutdown(Duration grace) { server_->Shutdown(grace); }
  void Notify(std::string kind, std::string subject) {
    asio::post(io_, [this, kind, subject] { server_->Notify(kind, subject); });
  }
  void Stop(Duration grace) {
    if (!thread_.joinable()) return;
    server_->Shutdown(grace);
    work_.reset();
    io_.stop();
    thread_.join();
    server_ = nullptr;
  }
  asio::io_context& io() { return io_; }
  EchoService& echo() { return echo_; }
  int port() const { return server_->port(); }
  std::string address() const { return fmt::format("127.0.0.1:{}", port()); }

 private:
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  const SystemClock clock_;
  EchoService echo_;
  ServiceRegistry registry_{std::string(kEcho)};
  std::unique_ptr<ServiceServer> server_;
  std::thread thread_;
};

// An edge's loop with a client, run by the test.
class EchoClient {
 public:
  explicit EchoClient(std::vector<std::string> addresses, PipeOptions options = {}) {
    SetUpGrpcOnce();
    options.service = std::string(kEcho);
    options.addresses = std::move(addresses);
    auto client = PipeClient::Create(
        options, {.loop = loop_, .timers = timers_, .random = random_, .resolver = resolver_});
    if (!client.ok()) {
      ADD_FAILURE() << client.status();
      std::abort();
    }
    client_ = *std::move(client);
    client_->OnNotice([this](const pipe_pb::PipeNotice* notice) {
      heard.push_back(notice == nullptr ? "up" : notice->kind() + " " + notice->subject());
    });
    client_->Start();
  }
  ~EchoClient() { client_->Abandon(); }

  // Runs the loop until `work` is done.
  template <typename T>
  T Run(asio::awaitable<T> work) {
    std::optional<T> result;
    asio::co_spawn(io_, std::move(work), [&](std::exception_ptr, T value) {
      result.emplace(std::move(value));
      io_.stop();
    });
    io_.restart();
    loop_.Run();
    return *std::move(result);
  }
  // Runs it for a while.
  void RunFor(Duration time) {
    Run([](Timers* timers, Duration wait) -> asio::awaitable<bool> {
      co_await SleepFor(*timers, wait);
      co_return true;
    }(&timers_, time));
  }

  // One call of `method`; attempt + 1, or what was said instead.
  absl::StatusOr<AttemptKey> Ask(PipeMethod method, uint32_t attempt = 0, std::string id = "",
                                 Duration timeout = std::chrono::seconds(5)) {
    return Run(AskLater(method, attempt, std::move(id), timeout));
  }
  asio::awaitable<absl::StatusOr<AttemptKey>> AskLater(PipeMethod method, uint32_t attempt,
                                                       std::string id, Duration timeout,
                                                       std::string address = {}) {
    AttemptKey request;
    request.set_request_id(std::move(id));
    request.set_attempt(attempt);
    api::CallContext call{.deadline = clock_.Monotonic() + timeout};
    std::string bytes = request.SerializeAsString();
    PipeResult answer = co_await client_->Call(method, call, std::string("acme"), std::move(bytes),
                                               std::move(address));
    if (!answer.ok()) co_return answer.status();
    AttemptKey read;
    read.ParseFromString(*answer);
    co_return read;
  }

  asio::io_context& io() { return io_; }
  PolledLoop& loop() { return loop_; }
  PipeClient& client() { return *client_; }
  AsioTimers& timers() { return timers_; }
  const Clock& clock() const { return clock_; }

  // Without being asked.
  std::vector<std::string> heard;

 private:
  const SystemClock clock_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  PolledLoop loop_{io_};
  AsioTimers timers_{io_, clock_};
  weir::testing::SeededRandom random_{1};
  Resolver resolver_;
  std::unique_ptr<PipeClient> client_;
};

inline constexpr PipeMethod kSay{.name = "Say", .idempotent = true};
inline constexpr PipeMethod kSayOnce{.name = "Say"};
inline constexpr PipeMethod kWait{.name = "Wait", .idempotent = true};
inline constexpr PipeMethod kWaitOnce{.name = "Wait"};
inline constexpr PipeMethod kFail{.name = "Fail"};

inline std::string NewSocket() {
  static std::atomic<int> count{0};
  return fmt::format("unix:{}weir_pipe_{}_{}.sock", ::testing::TempDir(), ::getpid(), ++count);
}

}  // namespace weir::rpc::testing
