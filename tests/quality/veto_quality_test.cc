#include <gmock/gmock.h>

#include <cstdlib>
#include <map>
#include <string>

#include "common/testing/status_matchers.h"
#include "services/cache/veto.h"
#include "tests/quality/labelled_pairs.h"

// Floors under what the veto is worth on generated pairs; veto_quality prints the figures.
namespace weir::cache {
namespace {

using testing::IsOk;

struct Floor {
  bool may_share;
  double percent;
};
const std::map<std::string, Floor> kFloors = {
    {"synth:number", {false, 99}},     {"synth:negation", {false, 99}},
    {"synth:unit", {false, 99}},       {"synth:order", {false, 99}},
    {"synth:quantifier", {false, 99}}, {"synth:antonym", {false, 95}},
    {"synth:entity", {false, 95}},     {"synth:time", {false, 95}},
    {"synth:format", {false, 95}},     {"synth:task", {false, 95}},
    {"synth:paraphrase", {true, 98}},  {"synth:polite", {true, 98}},
    {"synth:case", {true, 98}},        {"synth:typo", {true, 95}},
    {"synth:number_form", {true, 98}}, {"synth:symmetric", {true, 98}},
};

std::string DataFile(const std::string& name) {
  const char* source = std::getenv("WEIR_SOURCE_DIR");
  return std::string(source ? source : ".") + "/tests/quality/data/" + name;
}

TEST(VetoQualityTest, HoldsTheFloorForEachKindOfPair) {
  const auto pairs = ReadLabelledPairs(DataFile("synth.jsonl.gz"));
  ASSERT_THAT(pairs, IsOk());
  std::map<std::string, size_t> all, right;
  for (const LabelledPair& pair : *pairs) {
    ++all[pair.source];
    const bool kept = Veto(ReadWording(pair.a), ReadWording(pair.b)).empty();
    if (kept == pair.may_share) ++right[pair.source];
  }
  EXPECT_EQ(all.size(), kFloors.size());
  for (const auto& [source, floor] : kFloors) {
    ASSERT_GT(all[source], 0u) << source;
    const double percent =
        100.0 * static_cast<double>(right[source]) / static_cast<double>(all[source]);
    EXPECT_GE(percent, floor.percent) << source;
  }
}

TEST(WilsonTest, IsTheIntervalOfTheBooks) {
  const auto [low, high] = WilsonPercent(8, 10);
  EXPECT_NEAR(low, 49.0, 0.1);
  EXPECT_NEAR(high, 94.3, 0.1);
  EXPECT_NEAR(WilsonPercent(10, 10).second, 100, 1e-9);
}

}  // namespace
}  // namespace weir::cache
