#include "services/identity/config.h"

#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"
#include "services/identity/names.h"

namespace weir::identity {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

TEST(IdentityConfigTest, TheDefaultsAreGood) { EXPECT_THAT(IdentityConfig().Validate(), IsOk()); }

TEST(IdentityConfigTest, EveryFaultIsNamed) {
  IdentityConfig config;
  config.max_keys_per_organization = 0;
  config.max_admin_tokens = 100'001;
  config.default_organization = "Default";
  config.heartbeat = std::chrono::seconds(1);
  EXPECT_THAT(
      config.Validate(),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("identity.max_keys_per_organization is 0, want 1 to 1000000"),
                     HasSubstr("identity.max_admin_tokens is 100001"),
                     HasSubstr("identity.default_organization is 'Default', want 1 to 63"),
                     HasSubstr("identity.heartbeat is 1s, want 50ms to 500ms"))));
}

TEST(IdentityConfigTest, OnlyTheDevProfileTakesShortKeys) {
  EXPECT_EQ(IdentityConfig().key_rule().min_length, 20u);
  EXPECT_EQ(IdentityConfig{.short_keys = true}.key_rule().min_length, 8u);
}

struct NameCase {
  std::string name, text;
  bool organization = false, team = false, user = false;
};
class NamesTest : public ::testing::TestWithParam<NameCase> {};
TEST_P(NamesTest, FitWhatTheyName) {
  EXPECT_EQ(IsOrganizationName(GetParam().text), GetParam().organization);
  EXPECT_EQ(IsTeamName(GetParam().text), GetParam().team);
  EXPECT_EQ(IsUserName(GetParam().text), GetParam().user);
}
INSTANTIATE_TEST_SUITE_P(
    Cases, NamesTest,
    ::testing::ValuesIn<NameCase>({
        {.name = "Empty", .text = ""},
        {.name = "Letter", .text = "a", .organization = true, .team = true, .user = true},
        {.name = "Mixed", .text = "a-1", .organization = true, .team = true, .user = true},
        {.name = "Digit", .text = "1a", .team = true, .user = true},
        {.name = "Dash", .text = "-a", .team = true, .user = true},
        {.name = "Mail", .text = "ann.b_c@x-y", .user = true},
        {.name = "Upper", .text = "A"},
        {.name = "Space", .text = "a b"},
        {.name = "Slash", .text = "a/b"},
        {.name = "NotAscii", .text = "\xc3\xa9"},
        {.name = "Longest",
         .text = std::string(63, 'a'),
         .organization = true,
         .team = true,
         .user = true},
        {.name = "TooLong", .text = std::string(64, 'a')},
    }),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace weir::identity
