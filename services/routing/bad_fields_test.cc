#include "services/routing/bad_fields.h"

#include <string>
#include <string_view>

#include "common/testing/status_matchers.h"
#include "services/routing/rule_case.h"

namespace weir::routing {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::StatusIs;

TEST(BadFieldsTest, BoundsWhatItSays) {
  BadFields bad;
  for (int i = 0; i < 150; ++i) bad.Add(fmt::format("field[{}]", i), "is bad");
  EXPECT_THAT(bad.ToStatus(), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("field[4] is bad; and 95 more")));
  EXPECT_EQ(Paths(bad).size(), 100u);
}

}  // namespace
}  // namespace weir::routing
