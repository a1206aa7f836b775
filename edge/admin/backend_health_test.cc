#include "edge/admin/backend_health.h"

#include <gmock/gmock.h>

#include "common/testing/fake_timers.h"
#include "grpc/health/v1/health.pb.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;

// A service that is there or not.
class FakeServer final : public api::UnaryCaller {
 public:
  asio::awaitable<absl::StatusOr<std::string>> Call(api::UnaryCall call) override {
    EXPECT_EQ(call.method, "grpc.health.v1.Health/Check");
    EXPECT_EQ(call.authorization, "");
    if (!up) co_return status::Unavailable("the server cannot be reached");
    grpc::health::v1::HealthCheckResponse response;
    response.set_status(serving ? grpc::health::v1::HealthCheckResponse::SERVING
                                : grpc::health::v1::HealthCheckResponse::NOT_SERVING);
    co_return response.SerializeAsString();
  }
  bool up = true;
  bool serving = true;
};

class BackendHealthTest : public ::testing::Test {
 protected:
  ~BackendHealthTest() override { loop_.stop(); }
  void Run() {
    asio::co_spawn(loop_, health_.Run(), asio::detached);
    Advance({});
  }
  void Advance(Duration step) { timers_.Advance(step, loop_); }

  testing::FakeClock clock_;
  testing::FakeTimers timers_{clock_};
  FakeServer identity_, quota_;
  BackendHealth health_{
      {{.name = "identity", .caller = identity_}, {.name = "quota", .caller = quota_}}, timers_};
  asio::io_context loop_;
};

TEST_F(BackendHealthTest, WaitsForEveryService) {
  quota_.up = false;
  EXPECT_EQ(health_.WhyNotReady(), "identity has not answered yet; quota has not answered yet");
  Run();
  EXPECT_EQ(health_.WhyNotReady(), "quota does not answer: the server cannot be reached");
  quota_.up = true;
  Advance(std::chrono::seconds(2));
  EXPECT_EQ(health_.WhyNotReady(), "");
  EXPECT_EQ(health_.Remark(), "");
}

TEST_F(BackendHealthTest, GoesOnForTheOthersWhereOneIsLost) {
  Run();
  quota_.serving = false;
  Advance(std::chrono::seconds(2));
  EXPECT_EQ(health_.WhyNotReady(), "");
  EXPECT_EQ(health_.Remark(), "quota does not serve");
  identity_.up = false;
  Advance(std::chrono::seconds(2));
  EXPECT_THAT(health_.WhyNotReady(), HasSubstr("identity does not answer"));
}

}  // namespace
}  // namespace weir::edge
