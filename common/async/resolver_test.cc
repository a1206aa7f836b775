#include "common/async/resolver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "common/testing/run.h"
#include "common/testing/status_matchers.h"

namespace weir {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::PumpUntil;
using ::weir::testing::RunUntilDone;
using ::weir::testing::StatusIs;

asio::ip::tcp::endpoint At(const char* address, uint16_t port) {
  return {asio::ip::make_address(address), port};
}

class ResolverTest : public ::testing::Test {
 protected:
  ~ResolverTest() override { LetGo(); }

  // Looks up on the system, but for names that begin with "silent": those wait for LetGo.
  absl::StatusOr<Endpoints> LookUp(const std::string& host) {
    ++asked_;
    if (!host.starts_with("silent")) return Endpoints{At("192.0.2.7", 80)};
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return let_go_; });
    return Endpoints{At("192.0.2.8", 80)};
  }
  void LetGo() {
    const std::lock_guard lock(mutex_);
    let_go_ = true;
    wake_.notify_all();
  }
  absl::StatusOr<Endpoints> Run(Resolver& resolver, const std::string& host) {
    Resolver::Query query(loop_.get_executor());
    return RunUntilDone(loop_, query.Run(&resolver, host, "443"));
  }

  asio::io_context loop_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool let_go_ = false;
  std::atomic<int> asked_{0};
  Resolver resolver_{[this](const std::string& host, const std::string&) { return LookUp(host); }};
};

TEST_F(ResolverTest, TheSystemIsAsked) {
  Resolver resolver;
  const auto found = Run(resolver, "localhost");
  ASSERT_THAT(found, IsOk());
  EXPECT_THAT(*found, Contains(At("127.0.0.1", 443)));
  // No name at all, so that no server is asked.
  EXPECT_THAT(Run(resolver, std::string(300, 'x')), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ResolverTest, AnAddressIsNotLookedUp) {
  EXPECT_THAT(*Run(resolver_, "192.0.2.1"), ElementsAre(At("192.0.2.1", 443)));
  EXPECT_THAT(*Run(resolver_, "2001:db8::1"), ElementsAre(At("2001:db8::1", 443)));
  EXPECT_EQ(asked_, 0);
}

TEST_F(ResolverTest, ANameThatIsSilentStopsNoOther) {
  Resolver::Query silent(loop_.get_executor());
  std::optional<absl::StatusOr<Endpoints>> answer;
  asio::co_spawn(loop_, silent.Run(&resolver_, "silent", "443"),
                 [&](std::exception_ptr, absl::StatusOr<Endpoints> found) { answer = found; });
  EXPECT_THAT(*Run(resolver_, "other"), ElementsAre(At("192.0.2.7", 80)));
  EXPECT_FALSE(answer.has_value());
  silent.Cancel();
  ASSERT_TRUE(PumpUntil(loop_, [&] { return answer.has_value(); }));
  EXPECT_THAT(*answer, StatusIs(absl::StatusCode::kCancelled)) << "long before its look-up ends";
}

TEST_F(ResolverTest, AnAnswerMayComeWhenNobodyWaitsAnyMore) {
  {
    Resolver::Query silent(loop_.get_executor());
    asio::co_spawn(loop_, silent.Run(&resolver_, "silent", "443"), asio::detached);
    ASSERT_TRUE(PumpUntil(loop_, [this] { return asked_ == 1; }));
    silent.Cancel();
    loop_.restart();
    loop_.poll();
  }
  LetGo();
  EXPECT_THAT(*Run(resolver_, "other"), ElementsAre(At("192.0.2.7", 80)));
}

TEST_F(ResolverTest, WaitingLookUpsAreBounded) {
  std::vector<std::unique_ptr<Resolver::Query>> queries;
  size_t refused = 0;
  for (size_t i = 0; i < Resolver::kMaxWaiting + Resolver::kThreads + 10; ++i) {
    queries.push_back(std::make_unique<Resolver::Query>(loop_.get_executor()));
    asio::co_spawn(loop_, queries.back()->Run(&resolver_, "silent", "443"),
                   [&](std::exception_ptr, const absl::StatusOr<Endpoints>& found) {
                     if (found.status().code() == absl::StatusCode::kUnavailable) ++refused;
                   });
  }
  loop_.restart();
  loop_.poll();
  EXPECT_GE(refused, 10U);
  for (auto& each : queries) each->Cancel();
  loop_.restart();
  loop_.poll();
}

}  // namespace
}  // namespace weir
