#include "services/quota/output_history.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::quota {
namespace {

TEST(OutputHistoryTest, KeepsModelsAndOrganisationsApart) {
  OutputHistory history(64);
  EXPECT_EQ(history.P95("acme", "gpt"), std::nullopt);
  history.Add("acme", "gpt", 7);
  history.Add("acme", "mini", 3);
  history.Add("other", "gpt", 9);
  EXPECT_EQ(history.P95("acme", "gpt"), 7);
  EXPECT_EQ(history.P95("acme", "mini"), 3);
  EXPECT_EQ(history.P95("other", "gpt"), 9);
  EXPECT_EQ(history.P95("acmeg", "pt"), std::nullopt);
}

TEST(OutputHistoryTest, ForgetsTheModelNotHeardOfForLongest) {
  OutputHistory history(64);  // 8 in each part.
  history.Add("acme", "kept", 7);
  for (int i = 0; i < 1000; ++i) {
    history.Add("acme", std::to_string(i), 5);
    history.Add("acme", "kept", 7);
  }
  EXPECT_EQ(history.P95("acme", "kept"), 7);
  int known = 0;
  for (int i = 0; i < 1000; ++i) known += history.P95("acme", std::to_string(i)).has_value();
  EXPECT_LE(known, 63);
  EXPECT_GE(known, 40);
}

}  // namespace
}  // namespace weir::quota
