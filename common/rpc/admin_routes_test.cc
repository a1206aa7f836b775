#include "common/rpc/admin_routes.h"

#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace weir::rpc {
namespace {

using ::testing::HasSubstr;
using weir::testing::IsOk;
using weir::testing::StatusIs;

constexpr std::string_view kPutLimit = "weir.quota.v1.QuotaAdminService/PutLimit";

struct RouteCase {
  std::string_view name, text, method, want;
};
class AdminRoutesTest : public ::testing::TestWithParam<RouteCase> {};

TEST_P(AdminRoutesTest, FindsTheAddress) {
  const auto routes = ParseAdminRoutes(GetParam().text, /*tls=*/false);
  ASSERT_THAT(routes, IsOk());
  const auto address = AddressFor(*routes, GetParam().method);
  ASSERT_THAT(address, IsOk());
  EXPECT_EQ(*address, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Addresses, AdminRoutesTest,
    ::testing::ValuesIn<RouteCase>({
        {"OneForAll", "127.0.0.1:9091", kPutLimit, "127.0.0.1:9091"},
        {"ASocket", "unix:/run/weir/admin.sock", kPutLimit, "unix:/run/weir/admin.sock"},
        {"OneOfEach", "identity=127.0.0.1:1,quota=127.0.0.1:2", kPutLimit, "127.0.0.1:2"},
        {"ASlashInFront", "quota=127.0.0.1:2", "/weir.quota.v1.QuotaAdminService/PutLimit",
         "127.0.0.1:2"},
        {"SpacesBetween", "identity=127.0.0.1:1, quota=unix:/q", kPutLimit, "unix:/q"},
        {"OneOfItsOwnAndOneForTheRest", "127.0.0.1:1,quota=127.0.0.1:2", kPutLimit, "127.0.0.1:2"},
        {"ReflectionIsNobodysOwn", "127.0.0.1:1,quota=127.0.0.1:2",
         "grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "127.0.0.1:1"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(AdminRoutesErrorTest, SaysWhatIsWrong) {
  EXPECT_THAT(ParseAdminRoutes("quota=127.0.0.1:2,quota=127.0.0.1:3", false).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("two for 'quota'")));
  EXPECT_THAT(ParseAdminRoutes("quota=example.com:2", false).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("TLS")));
  EXPECT_THAT(ParseAdminRoutes("quota=example.com:2", true), IsOk());
  EXPECT_THAT(ParseAdminRoutes("", false).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(AddressFor(*ParseAdminRoutes("identity=127.0.0.1:1", false), kPutLimit).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'quota=HOST:PORT'")));
}

}  // namespace
}  // namespace weir::rpc
