#include "services/identity/admin_tokens.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "common/testing/status_matchers.h"
#include "services/identity/memory_directory.h"
#include "services/identity/test_identity.h"

namespace weir::identity {
namespace {

using common::v1::ROLE_ADMIN;
using common::v1::ROLE_EDITOR;
using common::v1::ROLE_UNSPECIFIED;
using common::v1::ROLE_VIEWER;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

// Counts the reads, so that a test sees what the cache saves.
class CountingDirectory final : public Directory {
 public:
  absl::Status Read(const std::function<absl::Status(DirectoryReader&)>& work) override {
    ++reads;
    return inner.Read(work);
  }
  absl::Status Write(const std::function<absl::Status(DirectoryWriter&)>& work) override {
    return inner.Write(work);
  }
  MemoryDirectory inner;
  int reads = 0;
};

class AdminTokensTest : public ::testing::Test {
 protected:
  AdminTokensTest() {
    folder_ =
        std::filesystem::path(::testing::TempDir()) / fmt::format("weir_tokens_{}", ::getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~AdminTokensTest() override { std::filesystem::remove_all(folder_); }

  static v1::CreateAdminTokenRequest Request(common::v1::Role role,
                                             const std::string& organization = "") {
    v1::CreateAdminTokenRequest request;
    request.set_name("for a test");
    request.set_role(role);
    request.set_organization(organization);
    return request;
  }
  v1::CreateAdminTokenResponse Create(common::v1::Role role, const std::string& organization = "") {
    return *tokens_.Create(identity_.root, Request(role, organization));
  }
  absl::Status Revoke(const std::string& id, const api::AdminCall& call) {
    v1::RevokeAdminTokenRequest request;
    request.set_id(id);
    return tokens_.Revoke(call, request).status();
  }
  std::string Path() const { return (folder_ / "admin.token").string(); }

  const std::shared_ptr<CountingDirectory> directory_ = std::make_shared<CountingDirectory>();
  TestIdentity identity_{directory_, IdentityConfig{.max_admin_tokens = 5}};
  AdminTokens& tokens_ = identity_.tokens;
  std::filesystem::path folder_;
};

TEST_F(AdminTokensTest, AMadeTokenSaysWhoItIs) {
  const auto created = Create(ROLE_EDITOR, "acme");
  const auto call = tokens_.Verify(created.secret());
  ASSERT_THAT(call, IsOk());
  EXPECT_EQ(call->actor, created.token().id());
  EXPECT_EQ(call->role, ROLE_EDITOR);
  EXPECT_EQ(call->organization, "acme");
}

TEST_F(AdminTokensTest, OtherTextsAreRefused) {
  EXPECT_THAT(tokens_.Verify(""), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(tokens_.Verify("wa_x"), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(tokens_.Verify(NewKey("wr_", identity_.random)),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("malformed")));
  EXPECT_THAT(tokens_.Verify(NewKey("wa_", identity_.random)),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("unknown")));
}

TEST_F(AdminTokensTest, AGoodTokenIsReadOnceUntilOneIsRevoked) {
  const auto mine = Create(ROLE_VIEWER);
  const auto other = Create(ROLE_VIEWER);
  directory_->reads = 0;
  for (int i = 0; i < 10; ++i) EXPECT_THAT(tokens_.Verify(mine.secret()), IsOk());
  EXPECT_EQ(directory_->reads, 1);
  ASSERT_THAT(Revoke(other.token().id(), identity_.root), IsOk());
  EXPECT_THAT(tokens_.Verify(mine.secret()), IsOk());
  EXPECT_EQ(directory_->reads, 2);
}

TEST_F(AdminTokensTest, ARevokedTokenFailsAtOnce) {
  const auto created = Create(ROLE_VIEWER);
  ASSERT_THAT(tokens_.Verify(created.secret()), IsOk());
  ASSERT_THAT(Revoke(created.token().id(), identity_.root), IsOk());
  EXPECT_THAT(tokens_.Verify(created.secret()),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("revoked")));
  EXPECT_THAT(Revoke(created.token().id(), identity_.root), IsOk());
  EXPECT_THAT(Revoke("nobody", identity_.root), StatusIs(absl::StatusCode::kNotFound));
}

struct GrantCase {
  std::string name;
  api::AdminCall call;
  common::v1::Role role;
  std::string organization;
  absl::StatusCode want;
};
class GrantTest : public AdminTokensTest, public ::testing::WithParamInterface<GrantCase> {};
TEST_P(GrantTest, NobodyGrantsMoreThanTheyHave) {
  ASSERT_THAT(identity_.admin.EnsureOrganization("beta"), IsOk());
  const auto& each = GetParam();
  EXPECT_EQ(tokens_.Create(each.call, Request(each.role, each.organization)).status().code(),
            each.want);
}
const api::AdminCall kAdmin = {.role = ROLE_ADMIN};
const api::AdminCall kBound = {.role = ROLE_ADMIN, .organization = "acme"};
INSTANTIATE_TEST_SUITE_P(
    Cases, GrantTest,
    ::testing::ValuesIn<GrantCase>({
        {"All", kAdmin, ROLE_ADMIN, "", absl::StatusCode::kOk},
        {"Bound", kAdmin, ROLE_ADMIN, "acme", absl::StatusCode::kOk},
        {"NoRole", kAdmin, ROLE_UNSPECIFIED, "", absl::StatusCode::kInvalidArgument},
        {"BadOrganization", kAdmin, ROLE_ADMIN, "A!", absl::StatusCode::kInvalidArgument},
        {"NoSuchOrganization", kAdmin, ROLE_ADMIN, "nobody", absl::StatusCode::kNotFound},
        {"OwnOrganization", kBound, ROLE_ADMIN, "acme", absl::StatusCode::kOk},
        {"OtherOrganization", kBound, ROLE_VIEWER, "beta", absl::StatusCode::kPermissionDenied},
        {"AllFromBound", kBound, ROLE_VIEWER, "", absl::StatusCode::kPermissionDenied},
        {"HigherRole", {.role = ROLE_EDITOR}, ROLE_ADMIN, "", absl::StatusCode::kPermissionDenied},
        {"SameRole", {.role = ROLE_EDITOR}, ROLE_EDITOR, "", absl::StatusCode::kOk},
    }),
    [](const auto& each) { return each.param.name; });

TEST_F(AdminTokensTest, ABoundTokenSeesAndEndsOnlyThoseOfItsOrganization) {
  const auto all = Create(ROLE_VIEWER);
  const auto own = Create(ROLE_VIEWER, "acme");
  EXPECT_EQ(tokens_.List(identity_.root, {})->tokens_size(), 2);
  const auto seen = tokens_.List(kBound, {});
  ASSERT_EQ(seen->tokens_size(), 1);
  EXPECT_EQ(seen->tokens(0).id(), own.token().id());
  EXPECT_THAT(Revoke(all.token().id(), kBound), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Revoke(own.token().id(), kBound), IsOk());
}

TEST_F(AdminTokensTest, TheLastThatAdministersAllStays) {
  const auto last = Create(ROLE_ADMIN);
  Create(ROLE_ADMIN, "acme");
  EXPECT_THAT(Revoke(last.token().id(), identity_.root),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("the last one")));
  Create(ROLE_ADMIN);
  EXPECT_THAT(Revoke(last.token().id(), identity_.root), IsOk());
}

TEST_F(AdminTokensTest, ThereAreOnlySoMany) {
  for (int i = 0; i < 5; ++i) Create(ROLE_VIEWER);
  EXPECT_THAT(tokens_.Create(identity_.root, Request(ROLE_VIEWER)),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(AdminTokensTest, TokensEndWithTheirOrganization) {
  const auto bound = Create(ROLE_ADMIN, "acme");
  ASSERT_THAT(tokens_.Verify(bound.secret()), IsOk());
  v1::DeleteOrganizationRequest request;
  request.set_name("acme");
  ASSERT_THAT(identity_.admin.DeleteOrganization(identity_.root, request), IsOk());
  EXPECT_THAT(tokens_.Verify(bound.secret()), StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(AdminTokensTest, TheFirstStartWritesATokenForEverything) {
  const auto token = tokens_.EnsureBootstrapToken(Path());
  ASSERT_THAT(token, IsOk());
  ASSERT_TRUE(token->has_value());
  const auto call = tokens_.Verify(**token);
  ASSERT_THAT(call, IsOk());
  EXPECT_EQ(call->role, ROLE_ADMIN);
  EXPECT_EQ(call->organization, "");
  std::string line;
  std::ifstream file(Path());
  std::getline(file, line);
  EXPECT_EQ(line, **token);
  struct stat info;
  ASSERT_EQ(::stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(AdminTokensTest, LaterStartsDoNothingAlsoWhereTheFileIsGone) {
  ASSERT_TRUE(tokens_.EnsureBootstrapToken(Path())->has_value());
  EXPECT_FALSE(tokens_.EnsureBootstrapToken(Path())->has_value());
  std::filesystem::remove(Path());
  EXPECT_FALSE(tokens_.EnsureBootstrapToken(Path())->has_value());
  EXPECT_FALSE(std::filesystem::exists(Path()));
}

TEST_F(AdminTokensTest, AStartThatWasCutShortGoesOnWithItsFile) {
  const std::string left = NewKey("wa_", identity_.random);
  std::ofstream(Path()) << left << "\n";
  ::chmod(Path().c_str(), 0600);
  // As for a file that an installer left in a folder that nobody else writes to.
  const auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  std::filesystem::last_write_time(folder_, long_ago);
  const auto token = tokens_.EnsureBootstrapToken(Path());
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(**token, left);
  EXPECT_EQ(std::filesystem::last_write_time(folder_), long_ago) << "the folder was written to";
  EXPECT_THAT(tokens_.Verify(left), IsOk());
}

TEST_F(AdminTokensTest, AFileOfSomethingElseOrOpenToOthersIsRefused) {
  std::ofstream(Path()) << "something\n";
  ::chmod(Path().c_str(), 0600);
  EXPECT_THAT(tokens_.EnsureBootstrapToken(Path()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("remove the file")));
  ::chmod(Path().c_str(), 0644);
  EXPECT_THAT(tokens_.EnsureBootstrapToken(Path()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("0644")));
  EXPECT_THAT(tokens_.EnsureBootstrapToken((folder_ / "no" / "file").string()),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(tokens_.List(identity_.root, {})->tokens_size(), 0);
}

}  // namespace
}  // namespace weir::identity
