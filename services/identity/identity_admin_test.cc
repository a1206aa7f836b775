#include "services/identity/identity_admin.h"

#include <gtest/gtest.h>

#include "common/status/detail.h"
#include "common/testing/status_matchers.h"
#include "services/identity/memory_directory.h"
#include "services/identity/test_identity.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::identity {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

class IdentityAdminTest : public ::testing::Test {
 protected:
  static v1::PutOrganizationRequest Organization(const std::string& name) {
    v1::PutOrganizationRequest request;
    request.mutable_organization()->set_name(name);
    return request;
  }
  static v1::PutTeamRequest Team(const std::string& name,
                                 const std::string& organization = "acme") {
    v1::PutTeamRequest request;
    request.mutable_team()->set_organization(organization);
    request.mutable_team()->set_name(name);
    return request;
  }
  static v1::PutUserRequest User(const std::string& name, const std::string& team = "") {
    v1::PutUserRequest request;
    request.mutable_user()->set_organization("acme");
    request.mutable_user()->set_name(name);
    request.mutable_user()->set_team(team);
    return request;
  }
  template <typename Request>
  static Request Named(const std::string& name) {
    Request request;
    request.set_organization("acme");
    request.set_name(name);
    return request;
  }
  // Paths of the fields that the status complains about.
  static std::vector<std::string> BadPaths(const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    std::vector<std::string> paths;
    const auto detail = status::Detail<common::v1::BadFields>(status);
    if (!detail) return paths;
    for (const auto& each : detail->fields()) paths.push_back(each.path());
    return paths;
  }

  TestIdentity identity_{std::make_shared<MemoryDirectory>()};
  IdentityAdmin& admin_ = identity_.admin;
  const api::AdminCall& root_ = identity_.root;
};

TEST_F(IdentityAdminTest, PuttingTwiceChangesNothing) {
  for (const bool first : {true, false}) {
    EXPECT_EQ(admin_.PutOrganization(root_, Organization("beta"))->changed(), first);
    EXPECT_EQ(admin_.PutTeam(root_, Team("red"))->changed(), first);
    EXPECT_EQ(admin_.PutUser(root_, User("ann", "red"))->changed(), first);
  }
  auto changed = Team("red");
  changed.mutable_team()->set_display_name("Red");
  EXPECT_TRUE(admin_.PutTeam(root_, changed)->changed());
}

TEST_F(IdentityAdminTest, ADryRunAnswersAndChangesNothing) {
  auto organization = Organization("beta");
  organization.set_validate_only(true);
  EXPECT_TRUE(admin_.PutOrganization(root_, organization)->changed());
  EXPECT_TRUE(admin_.PutOrganization(root_, organization)->changed());
  auto team = Team("red");
  team.set_validate_only(true);
  EXPECT_TRUE(admin_.PutTeam(root_, team)->changed());
  auto user = User("ann", "red");
  user.set_validate_only(true);
  EXPECT_THAT(BadPaths(admin_.PutUser(root_, user).status()), ElementsAre("user.team"));
  EXPECT_EQ(admin_.ListOrganizations(root_, {})->organizations_size(), 1);
  v1::ListTeamsRequest list;
  list.set_organization("acme");
  EXPECT_EQ(admin_.ListTeams(root_, list)->teams_size(), 0);
}

TEST_F(IdentityAdminTest, ListsEveryBadField) {
  v1::PutUserRequest user;
  user.mutable_user()->set_organization("Acme");
  user.mutable_user()->set_name("");
  user.mutable_user()->set_team("Red!");
  user.mutable_user()->set_display_name(std::string(201, 'x'));
  const absl::Status status = admin_.PutUser(root_, user).status();
  EXPECT_THAT(BadPaths(status),
              ElementsAre("user.organization", "user.name", "user.team", "user.display_name"));
  EXPECT_THAT(std::string(status::Message(status)),
              HasSubstr("user.organization: got 'Acme', want 1 to 63 of [a-z0-9-], starting with a "
                        "letter; user.name: got '', want"));
  EXPECT_THAT(BadPaths(admin_.PutOrganization(root_, {}).status()),
              ElementsAre("organization.name"));
  EXPECT_THAT(BadPaths(admin_.PutTeam(root_, {}).status()),
              ElementsAre("team.organization", "team.name"));
}

TEST_F(IdentityAdminTest, WhatNamesAnUnknownOrganizationIsNotFound) {
  EXPECT_THAT(admin_.PutTeam(root_, Team("red", "nobody")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("'nobody'")));
  v1::ListUsersRequest list;
  list.set_organization("nobody");
  EXPECT_THAT(admin_.ListUsers(root_, list), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(admin_.DeleteTeam(root_, Named<v1::DeleteTeamRequest>("red")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("'red'")));
  EXPECT_THAT(admin_.DeleteUser(root_, Named<v1::DeleteUserRequest>("ann")),
              StatusIs(absl::StatusCode::kNotFound));
  v1::DeleteOrganizationRequest remove;
  remove.set_name("nobody");
  EXPECT_THAT(admin_.DeleteOrganization(root_, remove), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(IdentityAdminTest, RemovesOnlyWhatNothingNames) {
  ASSERT_THAT(admin_.PutTeam(root_, Team("red")), IsOk());
  ASSERT_THAT(admin_.PutUser(root_, User("ann", "red")), IsOk());
  v1::CreateKeyRequest key = Named<v1::CreateKeyRequest>("ci1");
  key.set_user("ann");
  const auto created = admin_.CreateKey(root_, key);
  ASSERT_THAT(created, IsOk());
  v1::DeleteOrganizationRequest remove;
  remove.set_name("acme");

  EXPECT_THAT(
      admin_.DeleteOrganization(root_, remove),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("1 teams, 1 users, 1 keys")));
  EXPECT_THAT(admin_.DeleteUser(root_, Named<v1::DeleteUserRequest>("ann")),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  v1::RevokeKeyRequest revoke;
  revoke.set_organization("acme");
  revoke.set_key("ci1");
  ASSERT_THAT(admin_.RevokeKey(root_, revoke), IsOk());
  EXPECT_THAT(admin_.DeleteTeam(root_, Named<v1::DeleteTeamRequest>("red")),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(admin_.DeleteUser(root_, Named<v1::DeleteUserRequest>("ann")), IsOk());
  EXPECT_THAT(admin_.DeleteTeam(root_, Named<v1::DeleteTeamRequest>("red")), IsOk());
  EXPECT_THAT(admin_.DeleteOrganization(root_, remove), IsOk());
  EXPECT_EQ(admin_.ListOrganizations(root_, {})->organizations_size(), 0);
}

TEST_F(IdentityAdminTest, PagesThroughAList) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_THAT(admin_.PutTeam(root_, Team(fmt::format("t{}", i))), IsOk());
  }
  v1::ListTeamsRequest request;
  request.set_organization("acme");
  request.set_page_size(2);
  std::vector<std::string> names;
  std::vector<int> sizes;
  do {
    const auto page = admin_.ListTeams(root_, request);
    ASSERT_THAT(page, IsOk());
    sizes.push_back(page->teams_size());
    for (const auto& each : page->teams()) names.push_back(each.name());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(names, ElementsAre("t0", "t1", "t2", "t3", "t4"));
  EXPECT_THAT(sizes, ElementsAre(2, 2, 1));
}

TEST_F(IdentityAdminTest, APageRequestThatMakesNoSenseIsRefused) {
  v1::ListOrganizationsRequest request;
  request.set_page_size(1001);
  request.set_page_token("not one of ours");
  EXPECT_THAT(BadPaths(admin_.ListOrganizations(root_, request).status()),
              ElementsAre("page_size", "page_token"));
  request.set_page_size(-1);
  request.set_page_token("cDox");  // "p:1": of a list of another kind.
  EXPECT_THAT(BadPaths(admin_.ListOrganizations(root_, request).status()),
              ElementsAre("page_size", "page_token"));
}

TEST_F(IdentityAdminTest, ABoundTokenSeesOnlyItsOrganization) {
  ASSERT_THAT(admin_.PutOrganization(root_, Organization("beta")), IsOk());
  EXPECT_EQ(admin_.ListOrganizations(root_, {})->organizations_size(), 2);
  const api::AdminCall bound = {.role = common::v1::ROLE_VIEWER, .organization = "beta"};
  const auto seen = admin_.ListOrganizations(bound, {});
  ASSERT_EQ(seen->organizations_size(), 1);
  EXPECT_EQ(seen->organizations(0).name(), "beta");
}

TEST_F(IdentityAdminTest, AnOrganizationThatIsThereIsLeftAlone) {
  auto disabled = Organization("acme");
  disabled.mutable_organization()->set_disabled(true);
  ASSERT_THAT(admin_.PutOrganization(root_, disabled), IsOk());
  EXPECT_THAT(admin_.EnsureOrganization("acme"), IsOk());
  EXPECT_THAT(admin_.EnsureOrganization("default"), IsOk());
  EXPECT_THAT(BadPaths(admin_.EnsureOrganization("No!")), ElementsAre("organization.name"));
  const auto all = admin_.ListOrganizations(root_, {});
  ASSERT_EQ(all->organizations_size(), 2);
  EXPECT_TRUE(all->organizations(0).disabled());
}

}  // namespace
}  // namespace weir::identity
