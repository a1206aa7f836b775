#include "services/routing/config.h"

#include "common/testing/status_matchers.h"

namespace weir::routing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

TEST(RoutingConfigTest, DefaultsRun) { EXPECT_THAT(RoutingConfig().Validate(), IsOk()); }

TEST(RoutingConfigTest, ZeroMeansNever) {
  RoutingConfig config;
  config.default_suspend = Duration::zero();
  config.health_memory = Duration::zero();
  EXPECT_THAT(config.Validate(), IsOk());
}

TEST(RoutingConfigTest, NamesEveryFault) {
  const RoutingConfig config = {.default_suspend = std::chrono::hours(48),
                                .max_attempts = 0,
                                .health_memory = std::chrono::seconds(-1),
                                .tables_kept = 65};
  EXPECT_THAT(config.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("routing.default_suspend is 2d, want 0s to 24h"),
                             HasSubstr("routing.max_attempts is 0, want 1 to 64"),
                             HasSubstr("routing.health_memory is -1s"),
                             HasSubstr("routing.tables_kept is 65"))));
}

}  // namespace
}  // namespace weir::routing
