#include "common/rpc/access_rule.h"

#include <gmock/gmock.h>

#include "common/status/detail.h"
#include "common/testing/status_matchers.h"
#include "weir/common/v1/errors.pb.h"
#include "weir/identity/v1/identity_admin.pb.h"
#include "weir/quota/v1/quota_admin.pb.h"

namespace weir::rpc {
namespace {

using namespace weir::common::v1;
using absl::StatusCode;
using ::testing::HasSubstr;
using weir::testing::IsOk;
using weir::testing::StatusIs;

const google::protobuf::ServiceDescriptor& Identity() {
  return *weir::identity::v1::PutTeamRequest::descriptor()->file()->service(0);
}

AccessRule RuleOf(const std::string& method) {
  return ReadAccessRule(*Identity().FindMethodByName(method));
}

struct RankCase {
  std::string name;
  std::string method;
  Role role;
  bool allowed;
};
class AccessRankTest : public ::testing::TestWithParam<RankCase> {};

TEST_P(AccessRankTest, ComparesTheRole) {
  const AccessRule rule = RuleOf(GetParam().method);
  const api::AdminCall call{.actor = "t", .role = GetParam().role};
  const weir::identity::v1::PutTeamRequest request;
  EXPECT_EQ(CheckAccess(rule, call, request).code(),
            GetParam().allowed ? StatusCode::kOk : StatusCode::kPermissionDenied);
}
INSTANTIATE_TEST_SUITE_P(
    Table, AccessRankTest,
    ::testing::ValuesIn<RankCase>({
        {.name = "NobodyReads", .method = "ListTeams", .role = ROLE_UNSPECIFIED, .allowed = false},
        {.name = "ViewerReads", .method = "ListTeams", .role = ROLE_VIEWER, .allowed = true},
        {.name = "EditorReads", .method = "ListTeams", .role = ROLE_EDITOR, .allowed = true},
        {.name = "AdminReads", .method = "ListTeams", .role = ROLE_ADMIN, .allowed = true},
        {.name = "ViewerEdits", .method = "PutTeam", .role = ROLE_VIEWER, .allowed = false},
        {.name = "EditorEdits", .method = "PutTeam", .role = ROLE_EDITOR, .allowed = true},
        {.name = "AdminEdits", .method = "PutTeam", .role = ROLE_ADMIN, .allowed = true},
        {.name = "ViewerMints",
         .method = "CreateAdminToken",
         .role = ROLE_VIEWER,
         .allowed = false},
        {.name = "EditorMints",
         .method = "CreateAdminToken",
         .role = ROLE_EDITOR,
         .allowed = false},
        {.name = "AdminMints", .method = "CreateAdminToken", .role = ROLE_ADMIN, .allowed = true},
        {.name = "EditorFounds",
         .method = "PutOrganization",
         .role = ROLE_EDITOR,
         .allowed = false},
        {.name = "AdminFounds", .method = "PutOrganization", .role = ROLE_ADMIN, .allowed = true},
        {.name = "UnknownRole",
         .method = "ListTeams",
         .role = static_cast<Role>(9),
         .allowed = false},
    }),
    [](const auto& info) { return info.param.name; });

TEST(AccessRuleTest, NoRuleOpensNothing) {
  const api::AdminCall call{.actor = "t", .role = ROLE_ADMIN};
  EXPECT_THAT(CheckAccess(AccessRule{}, call, weir::identity::v1::ListTeamsRequest()),
              StatusIs(StatusCode::kPermissionDenied));
}

TEST(AccessRuleTest, BoundTokensStayInTheirOrganization) {
  const api::AdminCall acme{.actor = "t", .role = ROLE_ADMIN, .organization = "acme"};
  const AccessRule rule = RuleOf("PutTeam");
  weir::identity::v1::PutTeamRequest request;

  const absl::Status nameless = CheckAccess(rule, acme, request);
  EXPECT_THAT(nameless, StatusIs(StatusCode::kInvalidArgument, HasSubstr("team.organization")));
  ASSERT_TRUE(status::Detail<BadFields>(nameless).has_value());
  EXPECT_EQ(status::Detail<BadFields>(nameless)->fields(0).path(), "team.organization");

  request.mutable_team()->set_organization("globex");
  EXPECT_THAT(CheckAccess(rule, acme, request),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr("'globex'")));
  request.mutable_team()->set_organization("acme");
  EXPECT_THAT(CheckAccess(rule, acme, request), IsOk());
}

TEST(AccessRuleTest, UnboundTokensNameAnyOrganizationOrNone) {
  const api::AdminCall all{.actor = "t", .role = ROLE_EDITOR};
  weir::identity::v1::PutTeamRequest request;
  EXPECT_THAT(CheckAccess(RuleOf("PutTeam"), all, request), IsOk());
  request.mutable_team()->set_organization("globex");
  EXPECT_THAT(CheckAccess(RuleOf("PutTeam"), all, request), IsOk());
}

TEST(AccessRuleTest, GlobalMethodsAreClosedToBoundTokens) {
  const api::AdminCall acme{.actor = "t", .role = ROLE_ADMIN, .organization = "acme"};
  weir::identity::v1::PutOrganizationRequest request;
  request.mutable_organization()->set_name("acme");
  EXPECT_THAT(CheckAccess(RuleOf("PutOrganization"), acme, request),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr("bound to organization 'acme'")));
}

TEST(AccessRuleTest, FindsTheOrganizationOfAnObjectWithAnotherName) {
  const auto* quota = weir::quota::v1::GetLimitStatesRequest::descriptor()->file()->service(0);
  const AccessRule rule = ReadAccessRule(*quota->FindMethodByName("GetLimitStates"));
  ASSERT_EQ(rule.organization.size(), 2u);
  EXPECT_EQ(rule.organization[0]->name(), "subjects");
}

// Whoever adds to this list vouches that the handler narrows its answer to call.organization, or
// that the method is global.
TEST(AccessRuleTest, OnlyTheseRequestsNameNoOrganization) {
  std::vector<std::string> nameless;
  for (int i = 0; i < Identity().method_count(); ++i) {
    const auto* method = Identity().method(i);
    const AccessRule rule = ReadAccessRule(*method);
    if (rule.organization.empty() && !rule.global) nameless.push_back(method->name());
  }
  EXPECT_THAT(nameless,
              ::testing::ElementsAre("ListOrganizations", "ListAdminTokens", "RevokeAdminToken"));
}

}  // namespace
}  // namespace weir::rpc
