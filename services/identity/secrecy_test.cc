// Keys and tokens are nowhere but in the answer that shows them.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "services/identity/sql_directory.h"
#include "services/identity/test_identity.h"

namespace weir::identity {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSupplied[] = "supplied-value-of-a-key-0815";

class SecrecyTest : public ::testing::Test {
 protected:
  SecrecyTest() {
    folder_ =
        std::filesystem::path(::testing::TempDir()) / fmt::format("weir_secrecy_{}", ::getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    database_ = *sql::OpenSqlite({.path = (folder_ / "identity.db").string()});
    directory_ = *SqlDirectory::Open(*database_);
  }
  ~SecrecyTest() override { std::filesystem::remove_all(folder_); }

  // Every byte of the database and its log.
  std::string Files() const {
    std::ostringstream all;
    for (const auto& each : std::filesystem::directory_iterator(folder_)) {
      all << std::ifstream(each.path(), std::ios::binary).rdbuf();
    }
    return all.str();
  }

  std::filesystem::path folder_;
  std::unique_ptr<sql::Database> database_;
  std::shared_ptr<SqlDirectory> directory_;
};

TEST_F(SecrecyTest, S4_1_NoPartOfASecretIsInTheStore) {
  std::vector<std::string> secrets = {kSupplied, std::string(kSupplied).substr(0, 8)};
  {
    TestIdentity identity(directory_);
    v1::CreateKeyRequest create;
    create.set_organization("acme");
    v1::CreateAdminTokenRequest token;
    token.set_name("abc");
    token.set_role(common::v1::ROLE_ADMIN);
    for (const std::string& secret :
         {identity.admin.CreateKey(identity.root, create)->secret(),
          identity.admin.CreateAdminToken(identity.root, token)->secret()}) {
      secrets.push_back(secret);
      // Also no part that would make guessing the rest easier.
      for (size_t i = 16; i + 8 <= secret.size(); ++i) secrets.push_back(secret.substr(i, 8));
    }
    v1::PutKeyRequest put;
    put.set_organization("acme");
    put.set_name("seed");
    put.set_value(kSupplied);
    ASSERT_THAT(identity.admin.PutKey(identity.root, put), testing::IsOk());
  }
  for (const bool closed : {false, true}) {
    if (closed) {
      directory_.reset();
      database_.reset();
    }
    const std::string files = Files();
    EXPECT_THAT(files, HasSubstr("acme"));
    for (const std::string& each : secrets) EXPECT_EQ(files.find(each), std::string::npos) << each;
  }
}

TEST_F(SecrecyTest, NoSecretIsInAnyRefusal) {
  TestIdentity identity(directory_);
  const std::string good = NewKey("wr_", identity.random);
  const std::string token = NewKey("wa_", identity.random);
  for (const std::string& secret : {good, good + "x", std::string("wr_abcdefgh"), token,
                                    token + "x", std::string(kSupplied) + "\n"}) {
    v1::AuthenticateRequest authenticate;
    authenticate.set_api_key(secret);
    v1::PutKeyRequest put;
    put.set_organization(secret);
    put.set_name(secret);
    put.set_value(secret + "\n");
    put.set_team(secret);
    put.add_allowed_models(secret + "\n");
    put.add_scopes(secret);
    v1::RevokeKeyRequest revoke;
    revoke.set_organization("acme");
    revoke.set_key(secret);
    v1::RevokeAdminTokenRequest end;
    end.set_id(secret);
    v1::ListTeamsRequest list;
    list.set_organization(secret);
    list.set_page_token(secret);
    for (const absl::Status& status :
         {testing::RunUntilDone(identity.loop, identity.service.Authenticate({}, authenticate))
              .status(),
          identity.tokens.Verify(secret).status(),
          identity.admin.PutKey(identity.root, put).status(),
          identity.admin.RevokeKey(identity.root, revoke).status(),
          identity.admin.RevokeAdminToken(identity.root, end).status(),
          identity.admin.ListTeams(identity.root, list).status()}) {
      EXPECT_FALSE(status.ok());
      // With the payloads of its details.
      if (secret.starts_with("w")) EXPECT_THAT(status.ToString(), Not(HasSubstr(secret)));
    }
  }
}

}  // namespace
}  // namespace weir::identity
