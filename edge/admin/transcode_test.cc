#include "edge/admin/transcode.h"

#include <gmock/gmock.h>

#include "common/testing/status_matchers.h"
#include "weir/identity/v1/identity_admin.pb.h"
#include "weir/quota/v1/quota_admin.pb.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

absl::StatusOr<std::string> PutTeam(const std::string& json) {
  return JsonToWire(*identity::v1::PutTeamRequest::descriptor(), json);
}

TEST(TranscodeTest, GoesBothWays) {
  const auto wire = PutTeam(R"({"team": {"organization": "acme", "displayName": "Red ☂"}})");
  ASSERT_THAT(wire, IsOk());
  EXPECT_EQ(*WireToJson(*identity::v1::PutTeamRequest::descriptor(), *wire),
            R"({"team":{"organization":"acme","displayName":"Red ☂"}})");
}

TEST(TranscodeTest, TakesNamesOfTheProtoAndWholeNumbersAsText) {
  const auto wire = JsonToWire(
      *quota::v1::PutLimitRequest::descriptor(),
      R"({"limit": {"name": "calls", "level": "LEVEL_KEY", "count": "7"}, "validate_only": true})");
  ASSERT_THAT(wire, IsOk());
  quota::v1::PutLimitRequest request;
  ASSERT_TRUE(request.ParseFromString(*wire));
  EXPECT_EQ(request.limit().count(), 7);
  EXPECT_TRUE(request.validate_only());
}

struct BadCase {
  std::string_view name, json, want;
};
class BadJsonTest : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadJsonTest, SaysWhatIsWrong) {
  EXPECT_THAT(
      PutTeam(std::string(GetParam().json)),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(GetParam().want))));
}
INSTANTIATE_TEST_SUITE_P(
    Texts, BadJsonTest,
    ::testing::ValuesIn<BadCase>({
        {.name = "Nothing", .json = "", .want = "weir.identity.v1.PutTeamRequest in JSON"},
        {.name = "AList", .json = "[]", .want = "want an object"},
        {.name = "Null", .json = " null", .want = "want an object"},
        {.name = "HalfAnObject", .json = R"({"team": )", .want = "JSON"},
        {.name = "TwoObjects", .json = "{} {}", .want = "JSON"},
        {.name = "AFieldThatIsNotThere", .json = R"({"teem": {}})", .want = "teem"},
        {.name = "AFieldThatIsNotThereInside", .json = R"({"team": {"nam": "x"}})", .want = "nam"},
        {.name = "ANumberForAText", .json = R"({"team": {"name": {}}})", .want = "name"},
        {.name = "NoUtf8", .json = "{\"team\": {\"name\": \"\xff\"}}", .want = "JSON"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(TranscodeTest, BoundsWhatItRepeats) {
  const auto refused = PutTeam("{\"" + std::string(100'000, 'x') + "\": 1}");
  ASSERT_FALSE(refused.ok());
  EXPECT_LT(status::Message(refused.status()).size(), 600U);
}

TEST(TranscodeTest, BearsDeepNesting) {
  EXPECT_THAT(PutTeam("{\"team\":" + std::string(100'000, '[')),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(TranscodeTest, AnAnswerThatIsAnotherIsDataLoss) {
  EXPECT_THAT(WireToJson(*identity::v1::PutTeamRequest::descriptor(), "\xff\xff"),
              StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace weir::edge
