#include "common/rpc/access_table.h"

#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"
#include "weir/cache/v1/cache.pb.h"
#include "weir/guardrails/v1/guardrails.pb.h"

namespace weir::rpc {
namespace {

using weir::testing::IsOk;
using weir::testing::StatusIs;

struct AccessCase {
  std::string_view name, peer, service, method;
  bool may = false;
};
class AccessTableTest : public ::testing::TestWithParam<AccessCase> {};

TEST_P(AccessTableTest, Decides) {
  const AccessCase& each = GetParam();
  const absl::Status may = MayCall(each.peer, each.service, each.method);
  EXPECT_EQ(may.ok(), each.may) << may;
  if (!each.may) EXPECT_THAT(may, StatusIs(absl::StatusCode::kPermissionDenied));
}
INSTANTIATE_TEST_SUITE_P(
    Table, AccessTableTest,
    ::testing::ValuesIn<AccessCase>({
        {"EdgeSpends", "edge.weir", "weir.quota.v1.QuotaService", "Reserve", true},
        {"EdgeOpensAPipe", "edge.weir", "weir.quota.v1.QuotaService", "Pipe", true},
        {"EdgeWatchesRoutes", "edge.weir", "weir.routing.v1.RoutingService", "Watch", true},
        {"EdgeDoesNotVerifyAdminTokens", "edge.weir", "weir.identity.v1.IdentityService",
         "VerifyAdminToken"},
        {"QuotaVerifiesAdminTokens", "quota.weir", "weir.identity.v1.IdentityService",
         "VerifyAdminToken", true},
        {"QuotaDoesNotAuthenticateKeys", "quota.weir", "weir.identity.v1.IdentityService",
         "Authenticate"},
        {"RoutingDoesNotSpend", "routing.weir", "weir.quota.v1.QuotaService", "Reserve"},
        {"EdgeHasTextsJudged", "edge.weir", "weir.guardrails.v1.GuardrailsService", "Inspect",
         true},
        {"EdgeKeepsAnswers", "edge.weir", "weir.cache.v1.CacheService", "Record", true},
        {"CacheVerifiesAdminTokens", "cache.weir", "weir.identity.v1.IdentityService",
         "VerifyAdminToken", true},
        {"GuardrailsVerifyAdminTokens", "guardrails.weir", "weir.identity.v1.IdentityService",
         "VerifyAdminToken", true},
        {"CacheHasNoTextsJudged", "cache.weir", "weir.guardrails.v1.GuardrailsService", "Inspect"},
        {"GuardrailsReadNoAnswers", "guardrails.weir", "weir.cache.v1.CacheService", "Lookup"},
        {"RoutingReadsNoAnswers", "routing.weir", "weir.cache.v1.CacheService", "Lookup"},
        {"CacheDoesNotAuthenticateKeys", "cache.weir", "weir.identity.v1.IdentityService",
         "Authenticate"},
        {"NobodyElse", "evil.weir", "weir.quota.v1.QuotaService", "Peek"},
        {"NoMethodOfLaterVersions", "edge.weir", "weir.quota.v1.QuotaService", "Mint"},
        {"PlaintextOnThisMachine", "", "weir.quota.v1.QuotaService", "Reserve", true},
    }),
    [](const auto& info) { return std::string(info.param.name); });

// All that these two serve is for edges; a method that is new in the proto is to be decided on.
TEST(MayCallTest, EdgesMayCallAllOfGuardrailsAndCache) {
  for (const auto* service : {guardrails::v1::InspectRequest::descriptor()->file()->service(0),
                              cache::v1::LookupRequest::descriptor()->file()->service(0)}) {
    for (int i = 0; i < service->method_count(); ++i) {
      const std::string& method = service->method(i)->name();
      EXPECT_THAT(MayCall("edge.weir", service->full_name(), method), IsOk());
    }
  }
}

TEST(MayAdministerTest, TrafficDoesNotEdit) {
  EXPECT_THAT(MayAdminister("edge.weir"), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(MayAdminister("admin.weir"), IsOk());
  EXPECT_THAT(MayAdminister(""), IsOk());
}

}  // namespace
}  // namespace weir::rpc
