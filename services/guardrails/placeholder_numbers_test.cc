#include "services/guardrails/placeholder_numbers.h"

#include <gtest/gtest.h>

#include "services/guardrails/entity.h"

namespace weir::guardrails {
namespace {

TEST(PlaceholderNumbersTest, CountsByTypeInTheOrderOfAppearance) {
  PlaceholderNumbers numbers;
  EXPECT_EQ(numbers.For("EMAIL", "b@example.com"), "[[EMAIL-1]]");
  EXPECT_EQ(numbers.For("CARD", "4111111111111111"), "[[CARD-1]]");
  EXPECT_EQ(numbers.For("EMAIL", "a@example.com"), "[[EMAIL-2]]");
  EXPECT_EQ(numbers.For("EMAIL", "b@example.com"), "[[EMAIL-1]]");
}

TEST(PlaceholderNumbersTest, NeverGivesOutWhatTheTextHasByItself) {
  PlaceholderNumbers numbers;
  numbers.Avoid("what does [[EMAIL-1]] mean, and [email 3] or [email-2]?");
  EXPECT_EQ(numbers.For("EMAIL", "a@example.com"), "[[EMAIL-3]]");
  EXPECT_EQ(numbers.For("PHONE", "+44 20 7946 0958"), "[[PHONE-1]]");
}

TEST(PlaceholderNumbersTest, EndsAtFourDigits) {
  PlaceholderNumbers numbers;
  for (int i = 1; i <= 9999; ++i) numbers.For("IBAN", std::to_string(i));
  EXPECT_EQ(numbers.For("IBAN", "9999"), "[[IBAN-9999]]");
  EXPECT_EQ(numbers.For("IBAN", "another"), "");
}

TEST(PlaceholderNumbersTest, BeginsAboveWhatIsTaken) {
  PlaceholderNumbers numbers;
  numbers.BeginAbove("EMAIL", 3);
  numbers.Avoid("[[EMAIL-4]]");
  EXPECT_EQ(numbers.For("EMAIL", "a@example.com"), "[[EMAIL-5]]");
  EXPECT_EQ(numbers.For("CARD", "4111111111111111"), "[[CARD-1]]");
}

TEST(PlaceholderNumbersTest, GoesOnWhereAnotherWas) {
  PlaceholderNumbers first, second;
  first.For("EMAIL", "a");
  first.For("EMAIL", "b");
  second.Continue(first.types());
  EXPECT_EQ(second.For("EMAIL", "b"), "[[EMAIL-2]]");
  EXPECT_EQ(second.For("EMAIL", "c"), "[[EMAIL-3]]");
}

TEST(PlaceholderNumbersTest, ForgetsNoneForLackOfRoomAndTakesNoMore) {
  PlaceholderNumbers numbers(5);  // A type with three values.
  for (const std::string_view each : {"a", "b", "c"}) EXPECT_NE(numbers.For("EMAIL", each), "");
  EXPECT_EQ(numbers.For("EMAIL", "d"), "");
  EXPECT_EQ(numbers.For("CARD", "e"), "");
  EXPECT_EQ(numbers.For("EMAIL", "a"), "[[EMAIL-1]]");
  EXPECT_EQ(numbers.types().size(), 1u);
}

TEST(PlaceholderNumbersTest, EveryTypeMayStandInAPlaceholder) {
  for (Entity each : kAllEntities) {
    EXPECT_LE(PlaceholderType(each).size(), 12U);
    EXPECT_EQ(EntityNamed(NameOf(each)), each);
  }
  EXPECT_EQ(EntityNamed("MAGIC"), std::nullopt);
}

}  // namespace
}  // namespace weir::guardrails
