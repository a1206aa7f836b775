#include "services/identity/identity_server.h"

#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"
#include "services/identity/memory_directory.h"
#include "services/identity/test_identity.h"

namespace weir::identity {
namespace {

using testing::IsOk;
using testing::StatusIs;

class IdentityServerTest : public ::testing::Test {
 protected:
  IdentityServerTest() { RegisterIdentityAdmin(registry_, identity_.admin); }

  absl::Status Call(const api::AdminCall& call, const std::string& method,
                    const google::protobuf::Message& request) {
    return registry_.Call(call, "weir.identity.v1.IdentityAdminService/" + method, request)
        .status();
  }

  TestIdentity identity_{std::make_shared<MemoryDirectory>()};
  rpc::AdminRegistry registry_;
};

TEST_F(IdentityServerTest, ServesEveryMethodOfItsService) {
  EXPECT_THAT(registry_.Complete(), IsOk());
  EXPECT_EQ(registry_.Methods().size(), 16u);
}

TEST_F(IdentityServerTest, AMethodRunsOnceTheAccessRuleLetsItPass) {
  v1::PutTeamRequest request;
  request.mutable_team()->set_organization("acme");
  request.mutable_team()->set_name("red");
  EXPECT_THAT(Call({.role = common::v1::ROLE_VIEWER}, "PutTeam", request),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(Call({.role = common::v1::ROLE_ADMIN, .organization = "beta"}, "PutTeam", request),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(Call({.role = common::v1::ROLE_EDITOR, .organization = "acme"}, "PutTeam", request),
              IsOk());
}

}  // namespace
}  // namespace weir::identity
