#include "services/guardrails/config.h"

#include <gmock/gmock.h>

#include "common/testing/status_matchers.h"

namespace weir::guardrails {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

TEST(GuardrailsConfigTest, DefaultsRun) { EXPECT_THAT(GuardrailsConfig().Validate(), IsOk()); }

TEST(GuardrailsConfigTest, NamesEveryFault) {
  const GuardrailsConfig config = {.max_policies_per_organization = 0,
                                   .max_patterns_per_organization = 65,
                                   .max_phrases_per_organization = 100'001,
                                   .combinations_kept = -1};
  EXPECT_THAT(
      config.Validate(),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("guardrails.max_policies_per_organization is 0, want 1 to 1000"),
                     HasSubstr("guardrails.max_patterns_per_organization is 65, want 1 to 64"),
                     HasSubstr("guardrails.max_phrases_per_organization is 100001"),
                     HasSubstr("guardrails.combinations_kept is -1"))));
}

}  // namespace
}  // namespace weir::guardrails
