#include "common/sql/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "common/config/load.h"
#include "common/sql/postgres_for_test.h"
#include "common/testing/status_matchers.h"

namespace weir::sql {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;

struct Read {
  absl::Status status;
  DatabaseConfig config;
  std::string described;
};

Read Parse(std::string_view text, config::Environment environment = {}) {
  Read read;
  const auto settings = config::Load(
      {.file = "weir.yaml", .text = std::string(text), .environment = std::move(environment)},
      [&](config::Reader& root) {
        root.Section("database", &read.config, ReadDatabase);
        root.Check(read.config.Validate());
      });
  read.status = settings.status();
  if (settings.ok()) read.described = config::Describe(*settings);
  return read;
}

TEST(DatabaseConfigTest, NothingIsSqlite) {
  const Read read = Parse("{}");
  ASSERT_THAT(read.status, IsOk());
  EXPECT_EQ(read.config.kind, StoreKind::kSqlite);
}

TEST(DatabaseConfigTest, ReadsEveryKeyAndHidesThePassword) {
  const Read read = Parse(R"(
database:
  kind: postgres
  address: db.internal:6432
  name: gateway
  user: gate
  password: {fromEnv: DB_PASSWORD}
  tls: {mode: verify-full, ca: ca.pem}
  connections: 8
  connect_timeout: 1s
  wait_timeout: 2s
  statement_timeout: 10s
)",
                          {{"DB_PASSWORD", "hunter2"}});
  ASSERT_THAT(read.status, IsOk());
  EXPECT_EQ(read.config.kind, StoreKind::kPostgres);
  EXPECT_EQ(read.config.address, "db.internal:6432");
  EXPECT_EQ(read.config.name, "gateway");
  EXPECT_EQ(read.config.user, "gate");
  EXPECT_EQ(read.config.password.Reveal(), "hunter2");
  EXPECT_EQ(read.config.tls, TlsMode::kVerifyFull);
  EXPECT_EQ(read.config.tls_ca, "ca.pem");
  EXPECT_EQ(read.config.connections, 8);
  EXPECT_EQ(read.config.connect_timeout, std::chrono::seconds(1));
  EXPECT_EQ(read.config.wait_timeout, std::chrono::seconds(2));
  EXPECT_EQ(read.config.statement_timeout, std::chrono::seconds(10));
  EXPECT_THAT(read.described, Not(HasSubstr("hunter2")));
}

struct FaultCase {
  std::string_view name, text, want;
};
class DatabaseConfigFaultTest : public ::testing::TestWithParam<FaultCase> {};
TEST_P(DatabaseConfigFaultTest, IsNamed) {
  EXPECT_THAT(Parse(GetParam().text).status,
              StatusIs(absl::StatusCode::kInvalidArgument, std::string(GetParam().want)));
}
INSTANTIATE_TEST_SUITE_P(
    Faults, DatabaseConfigFaultTest,
    ::testing::ValuesIn<FaultCase>({
        {"NoAddress", "database: {kind: postgres}",
         "weir.yaml:1: database.address is empty, but database.kind is postgres"},
        {"NoPort", "database: {address: db}",
         "weir.yaml:1: database.address is 'db', want HOST:PORT, or the folder of a Unix socket"},
        {"TwoServers", "database: {address: 'a,b:5432'}",
         "weir.yaml:1: database.address is 'a,b:5432', want HOST:PORT, or the folder of a Unix "
         "socket"},
        {"AnotherKind", "database: {kind: mysql}",
         "weir.yaml:1: database.kind is 'mysql', want sqlite or postgres"},
        {"ASocketWithTls",
         "database: {kind: postgres, address: /run/postgresql, tls: {mode: verify-full}}",
         "weir.yaml:1: database.tls.mode is verify-full, but database.address is a Unix socket"},
        {"Bounds", "database:\n  connections: 1\n  statement_timeout: 1s",
         "weir.yaml:2: database.connections is 1, want 2 to 100\n"
         "weir.yaml:3: database.statement_timeout is 1s, want 5s to 10m"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(DatabaseConfigTest, OpensAServersDatabase) {
  testing::PostgresServer& server = testing::PostgresServer::Shared();
  DatabaseConfig config{.kind = StoreKind::kPostgres,
                        .address = fmt::format("{}:{}", server.socket(), server.port()),
                        .name = server.NewDatabase(),
                        .user = server.user()};
  const auto by_socket = OpenDatabase(config, "identity", "/nowhere");
  ASSERT_THAT(by_socket, IsOk());
  ASSERT_THAT(Migrate(**by_socket, "identity", {}), IsOk());
  config.address = fmt::format("localhost:{}", server.port());
  const auto by_port = OpenDatabase(config, "identity", "/nowhere");
  ASSERT_THAT(by_port, IsOk());
  EXPECT_EQ(*StoreId(**by_port), *StoreId(**by_socket));
  EXPECT_NE(OpenDoorbell(config, [](std::string_view) {}), nullptr);
}

// Not this server, which has no certificate: it must be refused, not spoken to in the clear.
TEST(DatabaseConfigTest, BeyondThisMachineItWantsTls) {
  testing::PostgresServer& server = testing::PostgresServer::Shared();
  DatabaseConfig config{.kind = StoreKind::kPostgres,
                        .address = fmt::format("127.0.0.1:{}", server.port()),
                        .name = server.NewDatabase(),
                        .user = server.user(),
                        .tls = TlsMode::kVerifyFull};
  EXPECT_THAT(OpenDatabase(config, "identity", "/nowhere"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("SSL")));
}

TEST(DatabaseConfigTest, OpensAFile) {
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / fmt::format("weir_store_{}", ::getpid());
  std::filesystem::create_directories(folder);
  EXPECT_THAT(OpenDatabase({}, "identity", folder.string()), IsOk());
  EXPECT_TRUE(std::filesystem::exists(folder / "identity.db"));
  std::filesystem::remove_all(folder);
  EXPECT_NE(OpenDoorbell({}, [](std::string_view) {}), nullptr);
}

}  // namespace
}  // namespace weir::sql
