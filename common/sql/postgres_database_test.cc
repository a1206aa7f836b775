// What PostgreSQL does beyond the contract of a Database: servers that go, and come back.
#include "common/sql/postgres_database.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

#include "common/sql/postgres_failure.h"
#include "common/sql/postgres_for_test.h"
#include "common/sql/postgres_schema.h"
#include "common/testing/status_matchers.h"

namespace weir::sql {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::PostgresServer;
using testing::StatusIs;
using Steady = std::chrono::steady_clock;

absl::Status Insert(Connection& connection, std::string_view name) {
  const Value params[] = {std::string(name)};
  return connection.Execute("INSERT INTO item (name) VALUES ($1)", params).status();
}

int64_t CountItems(Database& database) {
  int64_t count = -1;
  EXPECT_THAT(database.Read([&](Connection& each) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(const auto rows, each.Query("SELECT COUNT(*) FROM item"));
    count = rows.at(0).Int(0);
    return absl::OkStatus();
  }),
              IsOk());
  return count;
}

class PostgresDatabaseTest : public ::testing::Test {
 protected:
  explicit PostgresDatabaseTest(PostgresServer& server = PostgresServer::Shared())
      : options_{.host = server.socket(),
                 .port = server.port(),
                 .database = server.NewDatabase(),
                 .user = server.user(),
                 .component = "part"},
        database_(OpenPostgresForTest(options_)) {
    EXPECT_THAT(database_->Write([](Connection& each) {
      return each.Execute("CREATE TABLE item (name TEXT NOT NULL PRIMARY KEY, count BIGINT)")
          .status();
    }),
                IsOk());
  }

  const PostgresOptions options_;
  std::unique_ptr<Database> database_;
};

TEST_F(PostgresDatabaseTest, AWrongPlaceIsUnavailableAndSaysWhere) {
  PostgresOptions wrong = options_;
  wrong.database = "nowhere";
  EXPECT_THAT(OpenPostgres(wrong),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("database 'nowhere'")));
  wrong = options_;
  wrong.host = "/tmp/no-such-folder";
  wrong.password = "hunter2";
  const auto opened = OpenPostgres(wrong);
  EXPECT_THAT(opened, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no-such-folder")));
  EXPECT_THAT(opened.status().ToString(), Not(HasSubstr("hunter2")));
}

TEST_F(PostgresDatabaseTest, AServerThatSaysNothingIsNotWaitedForLong) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET};
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  PostgresOptions silent = options_;
  silent.host = "127.0.0.1";
  silent.port = ::ntohs(address.sin_port);
  silent.connect_timeout = std::chrono::milliseconds(200);
  const Steady::time_point start = Steady::now();
  EXPECT_THAT(OpenPostgres(silent),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no answer within 200 ms")));
  EXPECT_LT(Steady::now() - start, std::chrono::seconds(2));
  ::close(listener);
}

TEST_F(PostgresDatabaseTest, WhatFailedIsNotCommittedEvenIfTheErrorIsDropped) {
  EXPECT_THAT(database_->Write([](Connection& each) {
    EXPECT_THAT(Insert(each, "a"), IsOk());
    EXPECT_THAT(Insert(each, "a"), StatusIs(absl::StatusCode::kAlreadyExists));
    return absl::OkStatus();
  }),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("nothing is kept")));
  EXPECT_EQ(CountItems(*database_), 0);
}

TEST_F(PostgresDatabaseTest, AMessageShowsNoValues) {
  const absl::Status taken = database_->Write([](Connection& each) -> absl::Status {
    WEIR_RETURN_IF_ERROR(Insert(each, "hunter2"));
    return Insert(each, "hunter2");
  });
  EXPECT_THAT(taken, StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("item_pkey")));
  EXPECT_THAT(taken.ToString(), Not(HasSubstr("hunter2")));
  const absl::Status nul = database_->Write(
      [](Connection& each) { return Insert(each, std::string_view("hunter2\0", 8)); });
  EXPECT_THAT(nul, StatusIs(absl::StatusCode::kInternal, HasSubstr("22021")));
  EXPECT_THAT(nul.ToString(), Not(HasSubstr("hunter2")));
}

// Of components that are not each other's business.
TEST_F(PostgresDatabaseTest, OnlyWritesOfOneComponentWaitForEachOther) {
  PostgresOptions other = options_;
  other.component = "other";
  const auto others = OpenPostgresForTest(other);
  EXPECT_THAT(database_->Write([&](Connection& each) -> absl::Status {
    EXPECT_THAT(others->Write([](Connection& inner) { return Insert(inner, "theirs"); }), IsOk());
    return Insert(each, "ours");
  }),
              IsOk());
  EXPECT_EQ(CountItems(*database_), 2);
}

TEST_F(PostgresDatabaseTest, WhatIsAddedBesideAWriteDoesNotWaitForIt) {
  const auto process = OpenPostgresForTest(options_);
  EXPECT_THAT(database_->Write([&](Connection& each) -> absl::Status {
    EXPECT_THAT(process->WriteBeside([](Connection& inner) { return Insert(inner, "beside"); }),
                IsOk());
    return Insert(each, "written");
  }),
              IsOk());
  EXPECT_EQ(CountItems(*database_), 2);
}

// Each adds what the other has: one is the victim, and comes through the second time.
TEST_F(PostgresDatabaseTest, TwoThatAreInEachOthersWayBothGoThrough) {
  std::promise<void> here;
  std::promise<void> there;
  std::atomic<int> runs = 0;
  const auto add = [&](std::promise<void>& mine, std::promise<void>& other, const char* first,
                       const char* second) {
    bool told = false;
    auto heard = other.get_future();
    return database_->WriteBeside([&, told](Connection& each) mutable -> absl::Status {
      constexpr std::string_view kAdd =
          "INSERT INTO item (name) VALUES ($1) ON CONFLICT DO NOTHING";
      ++runs;
      const Value one[] = {std::string(first)};
      const Value two[] = {std::string(second)};
      WEIR_RETURN_IF_ERROR(each.Execute(kAdd, one).status());
      if (!told && heard.valid()) {
        told = true;
        mine.set_value();
        heard.get();
      }
      return each.Execute(kAdd, two).status();
    });
  };
  auto background = std::async(std::launch::async, [&] { return add(here, there, "a", "b"); });
  EXPECT_THAT(add(there, here, "b", "a"), IsOk());
  EXPECT_THAT(background.get(), IsOk());
  EXPECT_GE(runs, 3);
  EXPECT_EQ(CountItems(*database_), 2);
}

TEST_F(PostgresDatabaseTest, ComponentsThatStartTogetherMakeTheirTablesAlone) {
  constexpr Migration kStep[] = {{.version = 1, .statements = "SELECT 1"}};
  std::vector<std::future<absl::Status>> all;
  for (const std::string component : {"a", "b", "c", "d", "e", "f"}) {
    all.push_back(std::async(std::launch::async, [this, component, &kStep] {
      PostgresOptions own = options_;
      own.component = component;
      return Migrate(*OpenPostgresForTest(own), component, kStep);
    }));
  }
  for (auto& each : all) EXPECT_THAT(each.get(), IsOk());
}

// A server of its own: it dies.
class PostgresOutageTest : public PostgresDatabaseTest {
 protected:
  PostgresOutageTest() : PostgresOutageTest(*PostgresServer::Start()) {}
  explicit PostgresOutageTest(std::unique_ptr<PostgresServer> server)
      : PostgresDatabaseTest(*server), server_(std::move(server)) {}

  absl::Status Add(std::string_view name) {
    return database_->Write([&](Connection& each) { return Insert(each, name); });
  }

  std::unique_ptr<PostgresServer> server_;
};

TEST_F(PostgresOutageTest, ComesBackWithItsServer) {
  ASSERT_THAT(Add("before"), IsOk());
  server_->Kill();
  const Steady::time_point start = Steady::now();
  for (int i = 0; i < 100; ++i) {
    ASSERT_THAT(Add("meanwhile"), StatusIs(absl::StatusCode::kUnavailable));
  }
  EXPECT_LT(Steady::now() - start, std::chrono::seconds(2)) << "nobody waits for what is not there";
  ASSERT_THAT(server_->StartAgain(), IsOk());
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  EXPECT_THAT(Add("after"), IsOk());
  EXPECT_EQ(CountItems(*database_), 2);
}

// Idle connections of a server that was there all the time but for a moment.
TEST_F(PostgresOutageTest, ARestartThatNobodySawIsNobodysFailure) {
  ASSERT_THAT(Add("before"), IsOk());
  server_->Kill();
  ASSERT_THAT(server_->StartAgain(), IsOk());
  EXPECT_THAT(Add("after"), IsOk());
  EXPECT_EQ(CountItems(*database_), 2);
}

TEST_F(PostgresOutageTest, LostInTheMiddleNothingIsKept) {
  EXPECT_THAT(database_->Write([&](Connection& each) -> absl::Status {
    WEIR_RETURN_IF_ERROR(Insert(each, "a"));
    server_->Kill();
    return Insert(each, "b");
  }),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("connection to PostgreSQL")));
  ASSERT_THAT(server_->StartAgain(), IsOk());
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  EXPECT_EQ(CountItems(*database_), 0);
}

TEST_F(PostgresOutageTest, LostWhileItCommitsItSaysThatItMayHaveDoneSo) {
  EXPECT_THAT(database_->Write([&](Connection& each) -> absl::Status {
    WEIR_RETURN_IF_ERROR(Insert(each, "a"));
    server_->Kill();
    return absl::OkStatus();
  }),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("may have been done")));
}

TEST_F(PostgresOutageTest, LostWithinTogetherNothingIsKept) {
  EXPECT_THAT(database_->Together([&]() -> absl::Status {
    WEIR_RETURN_IF_ERROR(Add("a"));
    server_->Kill();
    EXPECT_THAT(Add("b"), StatusIs(absl::StatusCode::kUnavailable));
    return absl::OkStatus();
  }),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("written together")));
  ASSERT_THAT(server_->StartAgain(), IsOk());
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  EXPECT_EQ(CountItems(*database_), 0);
  EXPECT_THAT(Add("c"), IsOk());
}

TEST_F(PostgresOutageTest, AServerThatStoppedIsNoticed) {
  PostgresOptions quick = options_;
  quick.wait_timeout = quick.statement_timeout = std::chrono::milliseconds(300);
  quick.connect_timeout = std::chrono::milliseconds(300);
  const auto database = OpenPostgresForTest(quick);
  server_->Freeze();
  const Steady::time_point start = Steady::now();
  EXPECT_THAT(database->Write([](Connection& each) { return Insert(each, "a"); }),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_LT(Steady::now() - start, std::chrono::seconds(5));
  server_->Thaw();
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  EXPECT_THAT(database->Write([](Connection& each) { return Insert(each, "b"); }), IsOk());
  EXPECT_EQ(CountItems(*database), 1);
}

struct StateCase {
  std::string_view name, state;
  bool read_only;
  absl::StatusCode want;
};
class CodeOfSqlStateTest : public ::testing::TestWithParam<StateCase> {};
TEST_P(CodeOfSqlStateTest, SaysWhatTheCallerCanDo) {
  EXPECT_EQ(CodeOfSqlState(GetParam().state, GetParam().read_only), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    States, CodeOfSqlStateTest,
    ::testing::ValuesIn<StateCase>({
        {"UniqueViolation", "23505", false, absl::StatusCode::kAlreadyExists},
        {"ForeignKeyViolation", "23503", false, absl::StatusCode::kFailedPrecondition},
        {"NotNullViolation", "23502", false, absl::StatusCode::kFailedPrecondition},
        {"SyntaxError", "42601", false, absl::StatusCode::kInternal},
        {"WrongNumberOfValues", "08P01", false, absl::StatusCode::kInternal},
        {"ConnectionFailure", "08006", false, absl::StatusCode::kUnavailable},
        {"WriteInARead", "25006", true, absl::StatusCode::kInternal},
        {"ReadOnlyServer", "25006", false, absl::StatusCode::kUnavailable},
        {"SerializationFailure", "40001", false, absl::StatusCode::kUnavailable},
        {"Deadlock", "40P01", false, absl::StatusCode::kUnavailable},
        {"DiskFull", "53100", false, absl::StatusCode::kUnavailable},
        {"TooManyConnections", "53300", false, absl::StatusCode::kUnavailable},
        {"LockNotAvailable", "55P03", false, absl::StatusCode::kUnavailable},
        {"StatementTimeout", "57014", false, absl::StatusCode::kUnavailable},
        {"AdminShutdown", "57P01", false, absl::StatusCode::kUnavailable},
        {"IdleInTransaction", "25P03", false, absl::StatusCode::kUnavailable},
        {"AfterAFailure", "25P02", false, absl::StatusCode::kInternal},
        {"IoError", "58030", false, absl::StatusCode::kUnavailable},
        {"DataCorrupted", "XX001", false, absl::StatusCode::kDataLoss},
        {"IndexCorrupted", "XX002", false, absl::StatusCode::kDataLoss},
        {"NoState", "", false, absl::StatusCode::kInternal},
    }),
    [](const auto& info) { return std::string(info.param.name); });

struct SchemaCase {
  std::string_view name, statement, want;
};
class WithByteOrderTest : public ::testing::TestWithParam<SchemaCase> {};
TEST_P(WithByteOrderTest, MarksTheColumnsOfSchemasAlone) {
  EXPECT_EQ(WithByteOrder(GetParam().statement), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Statements, WithByteOrderTest,
    ::testing::ValuesIn<SchemaCase>({
        {"Table", "create TABLE a (b TEXT NOT NULL, c text)",
         "create TABLE a (b TEXT COLLATE \"C\" NOT NULL, c text COLLATE \"C\")"},
        {"Column", "ALTER TABLE a ADD COLUMN b TEXT",
         "ALTER TABLE a ADD COLUMN b TEXT COLLATE \"C\""},
        {"AfterAComment", "\n-- TEXT\nCREATE TABLE a (b TEXT)",
         "\n-- TEXT\nCREATE TABLE a (b TEXT COLLATE \"C\")"},
        {"NotInWordsOrQuotes", "CREATE TABLE a (text_b BIGINT, c BIGINT DEFAULT 'TEXT')",
         "CREATE TABLE a (text_b BIGINT, c BIGINT DEFAULT 'TEXT')"},
        {"NoSchema", "SELECT CAST(a AS TEXT) FROM b", "SELECT CAST(a AS TEXT) FROM b"},
        {"Index", "CREATE INDEX text ON a (text)", "CREATE INDEX text ON a (text)"},
        {"Nothing", "", ""},
    }),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::sql
