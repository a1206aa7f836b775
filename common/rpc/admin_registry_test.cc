#include "common/rpc/admin_registry.h"

#include <gmock/gmock.h>

#include "common/rpc/fake_admin_services.h"
#include "common/testing/status_matchers.h"
#include "weir/identity/v1/identity.pb.h"
#include "weir/identity/v1/identity_admin.pb.h"
#include "weir/quota/v1/quota_admin.pb.h"

namespace weir::rpc {
namespace {

using namespace weir::identity::v1;
using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using weir::testing::IsOk;
using weir::testing::StatusIs;

constexpr std::string_view kIdentity = "weir.identity.v1.IdentityAdminService";

class AdminRegistryTest : public ::testing::Test {
 protected:
  AdminRegistryTest() { services_.AddTo(registry_); }

  FakeAdminServices services_;
  AdminRegistry registry_;
  const api::AdminCall editor_{.actor = "e", .role = weir::common::v1::ROLE_EDITOR};
};

TEST_F(AdminRegistryTest, IsCompleteWithEveryMethodOfItsServices) {
  EXPECT_THAT(registry_.Complete(), IsOk());
  EXPECT_THAT(registry_.Methods(), SizeIs(41));
  EXPECT_THAT(registry_.Services(),
              ::testing::ElementsAre("weir.cache.v1.CacheAdminService",
                                     "weir.guardrails.v1.GuardrailsAdminService", kIdentity,
                                     "weir.quota.v1.QuotaAdminService",
                                     "weir.routing.v1.RoutingAdminService"));
}

TEST_F(AdminRegistryTest, CallsTheHandlerAndReturnsItsMessage) {
  PutTeamRequest request;
  request.mutable_team()->set_name("red");
  auto response = registry_.Call(editor_, "weir.identity.v1.IdentityAdminService/PutTeam", request);
  ASSERT_THAT(response, IsOk());
  EXPECT_TRUE(static_cast<const PutTeamResponse&>(**response).changed());
  ASSERT_THAT(services_.received(), SizeIs(1));
  EXPECT_EQ(services_.received()[0].call.actor, "e");
}

TEST_F(AdminRegistryTest, TheRuleComesBeforeTheHandler) {
  const api::AdminCall viewer{.actor = "v", .role = weir::common::v1::ROLE_VIEWER};
  EXPECT_THAT(
      registry_.Call(viewer, "/weir.identity.v1.IdentityAdminService/PutTeam", PutTeamRequest()),
      StatusIs(StatusCode::kPermissionDenied, HasSubstr("IdentityAdminService/PutTeam")));
  EXPECT_THAT(services_.received(), SizeIs(0));
}

TEST_F(AdminRegistryTest, RefusesUnknownMethodsAndOtherRequests) {
  EXPECT_THAT(
      registry_.Call(editor_, "weir.identity.v1.IdentityAdminService/Nope", PutTeamRequest()),
      StatusIs(StatusCode::kUnimplemented));
  EXPECT_THAT(
      registry_.Call(editor_, "weir.identity.v1.IdentityAdminService/PutTeam", PutUserRequest()),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("want a weir.identity.v1.PutTeam")));
}

template <typename Req, typename Resp>
absl::Status CompleteWith(std::string_view service, std::string_view method) {
  AdminRegistry registry;
  FakeAdminServices services;
  services.AddTo(registry);
  registry.Add<Req, Resp>(service, method,
                          [](const api::AdminCall&, const Req&) { return Resp(); });
  return registry.Complete();
}

TEST(AdminRegistryFaultsTest, NamesWhatDoesNotFit) {
  EXPECT_THAT((CompleteWith<PutTeamRequest, PutTeamResponse>(kIdentity, "PutTeam")),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("PutTeam is registered twice")));
  EXPECT_THAT(
      (CompleteWith<PutTeamRequest, PutTeamResponse>(kIdentity, "PutTeems")),
      StatusIs(StatusCode::kFailedPrecondition, HasSubstr("PutTeems is not in the protos")));
  EXPECT_THAT((CompleteWith<PutUserRequest, PutTeamResponse>(kIdentity, "PutTeam")),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("registered for weir.identity")));
  EXPECT_THAT((CompleteWith<PutTeamRequest, PutUserResponse>(kIdentity, "PutTeam")),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("registered to answer")));
}

TEST(AdminRegistryFaultsTest, AMethodWithoutARuleIsNamed) {
  using weir::identity::v1::AuthenticateRequest;
  using weir::identity::v1::AuthenticateResponse;
  EXPECT_THAT((CompleteWith<AuthenticateRequest, AuthenticateResponse>(
                  "weir.identity.v1.IdentityService", "Authenticate")),
              StatusIs(StatusCode::kFailedPrecondition,
                       HasSubstr("IdentityService/Authenticate has no access rule")));
}

TEST(AdminRegistryFaultsTest, EveryMissingMethodOfAServiceIsNamed) {
  AdminRegistry registry;
  registry.Add<PutTeamRequest, PutTeamResponse>(
      kIdentity, "PutTeam", [](const auto&, const auto&) { return PutTeamResponse(); });
  EXPECT_THAT(registry.Complete(),
              StatusIs(StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("AdminService/PutUser is not registered"),
                             HasSubstr("AdminService/RevokeAdminToken is not registered"))));
}

}  // namespace
}  // namespace weir::rpc
