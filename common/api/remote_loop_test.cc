// What an edge asks of services of another version, and of none.
#include "common/api/remote_loop.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <boost/asio/use_future.hpp>
#include <optional>
#include <thread>

#include "common/rpc/service_server.h"
#include "common/testing/seeded_random.h"
#include "common/testing/status_matchers.h"

namespace weir::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using weir::testing::IsOk;
using weir::testing::StatusIs;

std::string NewSocket() {
  static std::atomic<int> count{0};
  return fmt::format("unix:{}weir_remote_{}_{}.sock", ::testing::TempDir(), ::getpid(), ++count);
}

// A quota that knows one method, whose messages are of its own version.
class OtherQuota {
 public:
  // `answer`: what it says to Reserve, encoded.
  explicit OtherQuota(std::string address, std::string answer = {}) : answer_(std::move(answer)) {
    registry_.Add("Reserve", *this, &OtherQuota::Reserve);
    thread_ = std::thread([this] { io_.run(); });
    server_ = *rpc::ServiceServer::Start({.address = std::move(address), .version = "0"},
                                         {.io = io_, .registry = registry_, .clock = clock_});
  }
  ~OtherQuota() {
    server_->Shutdown(Duration::zero());
    io_.stop();
    thread_.join();
  }

 private:
  // Any message keeps fields that it does not know.
  asio::awaitable<absl::StatusOr<quota_pb::ReserveResponse>> Reserve(CallContext,
                                                                     quota_pb::HeartbeatResponse) {
    quota_pb::ReserveResponse response;
    response.ParseFromString(answer_);
    co_return response;
  }

  const std::string answer_;
  const SystemClock clock_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  rpc::ServiceRegistry registry_{"weir.quota.v1.QuotaService"};
  std::unique_ptr<rpc::ServiceServer> server_;
  std::thread thread_;
};

class RemoteLoopTest : public ::testing::Test {
 protected:
  RemoteLoopTest() {
    loop_ =
        *RemoteLoop::Create({.identity = {NewSocket()}, .quota = {quota_socket_}, .version = "1"},
                            {.io = io_,
                             .timers = timers_,
                             .random = random_,
                             .resolver = resolver_,
                             .metrics = metrics_});
    thread_ = std::thread([this] { loop_->Run(); });
  }
  ~RemoteLoopTest() override {
    io_.stop();
    thread_.join();
    loop_->Abandon();
  }
  template <typename T>
  T Await(asio::awaitable<T> work) {
    return asio::co_spawn(io_, std::move(work), asio::use_future).get();
  }
  CallContext Within(Duration time) { return {.deadline = clock_.Monotonic() + time}; }

  const std::string quota_socket_ = NewSocket();
  const SystemClock clock_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  AsioTimers timers_{io_, clock_};
  weir::testing::SeededRandom random_{1};
  Resolver resolver_;
  metrics::Registry metrics_;
  std::unique_ptr<RemoteLoop> loop_;
  std::thread thread_;
};

TEST_F(RemoteLoopTest, CountsTheCallsOfEachService) {
  const auto nobody = StatusIs(absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(Await(loop_->identity().Authenticate(Within(milliseconds(50)), {})), nobody);
  EXPECT_THAT(Await(loop_->quota().Peek(Within(milliseconds(50)), {})), nobody);
  for (const char* service : {"identity", "quota"}) {
    EXPECT_THAT(metrics_.Render(),
                HasSubstr(fmt::format(
                    "weir_rpc_calls_total{{service=\"{}\",outcome=\"deadline\"}} 1", service)));
  }
}

TEST_F(RemoteLoopTest, AskedOfAnOlderServiceWhatIsMissingIsMissedByItself) {
  OtherQuota old(quota_socket_);
  // Its answer has no field at all.
  const auto reserved = Await(loop_->quota().Reserve(Within(seconds(5)), {}));
  ASSERT_THAT(reserved, IsOk());
  EXPECT_FALSE(reserved->has_output_tokens_cap());
  EXPECT_THAT(Await(loop_->quota().Peek(Within(seconds(5)), {})),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("Peek")));
  EXPECT_THAT(Await(loop_->quota().Reserve(Within(seconds(5)), {})), IsOk());
}

TEST_F(RemoteLoopTest, FieldsOfALaterServiceArePassedOver) {
  OtherQuota later(quota_socket_, "\xFA\xFF\x03\x03new");  // Field 8191.
  EXPECT_THAT(Await(loop_->quota().Reserve(Within(seconds(5)), {})), IsOk());
}

}  // namespace
}  // namespace weir::api
