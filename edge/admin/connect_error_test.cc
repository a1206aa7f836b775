#include "edge/admin/connect_error.h"

#include <gmock/gmock.h>

#include "common/status/detail.h"
#include "google/rpc/status.pb.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct CodeCase {
  absl::StatusCode code;
  std::string_view name;
  int http_status;
};
class ConnectCodeTest : public ::testing::TestWithParam<CodeCase> {};

TEST_P(ConnectCodeTest, IsTheProtocols) {
  EXPECT_EQ(ConnectCode(GetParam().code), GetParam().name);
  EXPECT_EQ(ConnectHttpStatus(GetParam().code), GetParam().http_status);
}
INSTANTIATE_TEST_SUITE_P(Codes, ConnectCodeTest,
                         ::testing::ValuesIn<CodeCase>({
                             {absl::StatusCode::kCancelled, "canceled", 499},
                             {absl::StatusCode::kInvalidArgument, "invalid_argument", 400},
                             {absl::StatusCode::kUnauthenticated, "unauthenticated", 401},
                             {absl::StatusCode::kPermissionDenied, "permission_denied", 403},
                             {absl::StatusCode::kUnimplemented, "unimplemented", 501},
                             {absl::StatusCode::kUnavailable, "unavailable", 503},
                             {static_cast<absl::StatusCode>(77), "unknown", 500},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(ConnectErrorTest, HasCodeAndMessage) {
  EXPECT_EQ(ConnectErrorBody(status::NotFound("no team \"red\"\n")),
            R"({"code":"not_found","message":"no team \"red\"\n"})");
}

TEST(ConnectErrorTest, ShowsDetailsInBothForms) {
  common::v1::BadFields bad;
  bad.add_fields()->set_path("team.name");
  const std::string body =
      ConnectErrorBody(status::WithDetail(status::InvalidArgument("bad team"), bad));
  EXPECT_EQ(body, R"({"code":"invalid_argument","message":"bad team","details":[)"
                  R"({"type":"weir.common.v1.BadFields","value":"CgsKCXRlYW0ubmFtZQ",)"
                  R"("debug":{"fields":[{"path":"team.name"}]}}]})");
}

TEST(ConnectErrorTest, ShowsAForeignDetailAsBytes) {
  absl::Status status = status::Internal("x");
  status.SetPayload("type.googleapis.com/acme.Unknown", absl::Cord("abc"));
  const std::string body = ConnectErrorBody(status);
  EXPECT_THAT(body, HasSubstr(R"({"type":"acme.Unknown","value":"YWJj"})"));
  EXPECT_THAT(body, Not(HasSubstr("debug")));
}

}  // namespace
}  // namespace weir::edge
