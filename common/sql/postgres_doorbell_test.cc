#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "common/sql/doorbell.h"
#include "common/sql/postgres_for_test.h"
#include "common/testing/status_matchers.h"

namespace weir::sql {
namespace {

using testing::IsOk;
using testing::PostgresServer;
using Steady = std::chrono::steady_clock;

// What was rung, in order.
class Rings {
 public:
  Doorbell::Ring Ear() {
    return [this](std::string_view component) {
      const std::lock_guard lock(mutex_);
      rung_.emplace_back(component);
      wake_.notify_one();
    };
  }
  // The next one, "none" after `wait`.
  std::string Next(std::chrono::milliseconds wait = std::chrono::seconds(20)) {
    std::unique_lock lock(mutex_);
    if (!wake_.wait_for(lock, wait, [this] { return !rung_.empty(); })) return "none";
    std::string first = std::move(rung_.front());
    rung_.pop_front();
    return first;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> rung_;
};

constexpr auto kAWhile = std::chrono::milliseconds(100);

absl::Status Insert(Connection& connection) {
  return connection.Execute("INSERT INTO item (count) VALUES (1)").status();
}

class PostgresDoorbellTest : public ::testing::Test {
 protected:
  explicit PostgresDoorbellTest(PostgresServer& server = PostgresServer::Shared())
      : options_{.host = server.socket(),
                 .port = server.port(),
                 .database = server.NewDatabase(),
                 .user = server.user(),
                 .component = "identity"},
        database_(OpenPostgresForTest(options_)) {
    EXPECT_THAT(database_->Write([](Connection& each) {
      return each.Execute("CREATE TABLE item (count BIGINT)").status();
    }),
                IsOk());
  }

  const PostgresOptions options_;
  std::unique_ptr<Database> database_;
  Rings rings_;
};

TEST_F(PostgresDoorbellTest, RingsForWhatWasCommittedAndOnlyThat) {
  const auto doorbell = ListenPostgres(options_, rings_.Ear());
  EXPECT_EQ(rings_.Next(), "");
  EXPECT_THAT(database_->Write(Insert), IsOk());
  EXPECT_EQ(rings_.Next(), "identity");
  EXPECT_THAT(database_->Together([&] {
    EXPECT_THAT(database_->Write(Insert), IsOk());
    EXPECT_EQ(rings_.Next(kAWhile), "none");
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_EQ(rings_.Next(), "identity");
  (void)database_->Write([](Connection& each) -> absl::Status {
    WEIR_RETURN_IF_ERROR(Insert(each));
    return status::Aborted("no");
  });
  EXPECT_THAT(database_->Write([](Connection& each) { return each.Query("SELECT 1").status(); }),
              IsOk());
  EXPECT_THAT(database_->WriteBeside(Insert), IsOk());
  EXPECT_EQ(rings_.Next(kAWhile), "none");
}

TEST_F(PostgresDoorbellTest, EndsWhileItSleeps) {
  for (int i = 0; i < 3; ++i) {
    const Steady::time_point start = Steady::now();
    ListenPostgres(options_, rings_.Ear()).reset();
    EXPECT_LT(Steady::now() - start, std::chrono::seconds(5));
  }
}

class PostgresDoorbellOutageTest : public PostgresDoorbellTest {
 protected:
  PostgresDoorbellOutageTest() : PostgresDoorbellOutageTest(*PostgresServer::Start()) {}
  explicit PostgresDoorbellOutageTest(std::unique_ptr<PostgresServer> server)
      : PostgresDoorbellTest(*server), server_(std::move(server)) {}
  std::unique_ptr<PostgresServer> server_;
};

TEST_F(PostgresDoorbellOutageTest, RingsWhenItListensAgain) {
  const auto doorbell = ListenPostgres(options_, rings_.Ear());
  EXPECT_EQ(rings_.Next(), "");
  server_->Kill();
  EXPECT_EQ(rings_.Next(kAWhile), "none");
  ASSERT_THAT(server_->StartAgain(), IsOk());
  EXPECT_EQ(rings_.Next(), "");
  EXPECT_THAT(database_->Write(Insert), IsOk());
  EXPECT_EQ(rings_.Next(), "identity");
}

TEST_F(PostgresDoorbellOutageTest, BeginsWhereThereIsNoServerYet) {
  server_->Kill();
  const auto doorbell = ListenPostgres(options_, rings_.Ear());
  EXPECT_EQ(rings_.Next(kAWhile), "none");
  ASSERT_THAT(server_->StartAgain(), IsOk());
  EXPECT_EQ(rings_.Next(), "");
}

}  // namespace
}  // namespace weir::sql
