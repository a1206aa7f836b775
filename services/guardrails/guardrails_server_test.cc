#include "services/guardrails/guardrails_server.h"

#include <gmock/gmock.h>

#include "services/guardrails/guardrails_for_test.h"

namespace weir::guardrails {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

constexpr std::string_view kPut = "weir.guardrails.v1.GuardrailsAdminService/PutGuardrailPolicy";

class GuardrailsServerTest : public ::testing::Test, protected GuardrailsForTest {
 protected:
  GuardrailsServerTest() { RegisterGuardrailsAdmin(registry_, admin); }
  static v1::PutGuardrailPolicyRequest PutRequest() {
    v1::PutGuardrailPolicyRequest request;
    *request.mutable_policy() = PresetPolicy("wso2-pii");
    return request;
  }
  rpc::AdminRegistry registry_;
};

TEST_F(GuardrailsServerTest, ServesEveryMethodOfTheService) {
  EXPECT_THAT(registry_.Complete(), IsOk());
  EXPECT_THAT(registry_.Methods(),
              SizeIs(static_cast<size_t>(v1::PutGuardrailPolicyRequest::descriptor()
                                             ->file()
                                             ->FindServiceByName("GuardrailsAdminService")
                                             ->method_count())));
}

TEST_F(GuardrailsServerTest, CarriesACall) {
  const api::AdminCall call = {
      .actor = "tok-1", .role = common::v1::ROLE_EDITOR, .organization = "acme"};
  const auto answer = registry_.Call(call, kPut, PutRequest());
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(static_cast<const v1::PutGuardrailPolicyResponse&>(**answer).changed());
}

TEST_F(GuardrailsServerTest, RefusesAnotherOrganisationAndALesserRole) {
  api::AdminCall call = {.actor = "tok-1", .role = common::v1::ROLE_EDITOR, .organization = "zeta"};
  EXPECT_THAT(registry_.Call(call, kPut, PutRequest()),
              StatusIs(absl::StatusCode::kPermissionDenied, ::testing::_));
  call = {.actor = "tok-1", .role = common::v1::ROLE_VIEWER, .organization = "acme"};
  EXPECT_THAT(registry_.Call(call, kPut, PutRequest()),
              StatusIs(absl::StatusCode::kPermissionDenied, ::testing::_));
}

TEST_F(GuardrailsServerTest, ServesTheHotMethods) {
  rpc::ServiceRegistry hot{std::string(kGuardrailsService)};
  RegisterGuardrails(hot, service);
  EXPECT_THAT(hot.Names(), ElementsAre("Inspect", "InspectDelta", "Watch"));
}

}  // namespace
}  // namespace weir::guardrails
