#include "services/quota/config.h"

#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace weir::quota {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

TEST(QuotaConfigTest, TheDefaultsRun) { EXPECT_THAT(QuotaConfig().Validate(), IsOk()); }

TEST(QuotaConfigTest, NamesEveryFault) {
  QuotaConfig config;
  config.hold_ttl = std::chrono::hours(2);
  config.ledger_queue = 0;
  config.ledger_linger = std::chrono::seconds(-1);
  EXPECT_THAT(config.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("quota.hold_ttl is 2h, want 30s to 10m"),
                             HasSubstr("quota.ledger_queue is 0, want 1000 to 10000000"),
                             HasSubstr("quota.ledger_linger is -1s, want 0s to 1s"))));
}

}  // namespace
}  // namespace weir::quota
