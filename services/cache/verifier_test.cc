#include "services/cache/verifier.h"

#include <gmock/gmock.h>

#include <string>

#include "common/testing/status_matchers.h"
#include "services/cache/model_file_for_test.h"

namespace weir::cache {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Optional;
using testing::StatusIs;

// A valid file with `old_text` replaced.
std::string Edited(std::string_view old_text, std::string_view new_text) {
  std::string json = ModelFile("verifier.json");
  const size_t at = json.find(old_text);
  EXPECT_NE(at, std::string::npos) << old_text;
  if (at != std::string::npos) json.replace(at, old_text.size(), new_text);
  return json;
}

std::string WithTrees(std::string_view trees) {
  const std::string json = ModelFile("verifier.json");
  return json.substr(0, json.find("\"trees\"")) + "\"trees\": " + std::string(trees) + "}";
}

TEST(VerifierTest, AddsOneLeafOfEachTree) {
  const auto verifier =
      Verifier::Parse(WithTrees("[[[0, 0.5, 1, 2], [1], [2.5]], [[29, 0.1, 2, 1], [10], [20]]]"));
  ASSERT_THAT(verifier, IsOk());
  PairFeatures features{};
  features[0] = 0.5F;  // On the threshold: left.
  features[29] = 0.2F;
  EXPECT_EQ(verifier->Score(features), 11);
  features[0] = 0.75F;
  features[29] = 0;
  EXPECT_EQ(verifier->Score(features), 22.5);
}

TEST(VerifierTest, RefusesBelowTheMinimum) {
  const auto low = Verifier::Parse(WithTrees("[[[1.49]]]"));
  const auto enough = Verifier::Parse(WithTrees("[[[1.5]]]"));
  ASSERT_THAT(low, IsOk());
  ASSERT_THAT(enough, IsOk());
  EXPECT_EQ(low->min_score(), 1.5);
  EXPECT_TRUE(low->Refuses({}));
  EXPECT_FALSE(enough->Refuses({}));
}

TEST(VerifierTest, TheCosineToReachIsThatOfTheLevelBelow) {
  const auto verifier = Verifier::Parse(ModelFile("verifier.json"));
  ASSERT_THAT(verifier, IsOk());
  EXPECT_THAT(verifier->MinCosine(0.01), Optional(0.8781));
  EXPECT_THAT(verifier->MinCosine(0.015), Optional(0.8781));
  EXPECT_THAT(verifier->MinCosine(0.5), Optional(0.5632));
  EXPECT_EQ(verifier->MinCosine(0.001), std::nullopt);
}

struct FaultCase {
  std::string_view name;
  std::string json;
  std::string_view want;
};

TEST(VerifierTest, SaysWhatIsWrong) {
  const std::vector<FaultCase> cases = {
      {"NotJson", "{", "want a JSON object"},
      {"Version", Edited("\"version\":1", "\"version\":2"), "version is 2, want 1"},
      {"NoMedian", Edited("\"median_norm\"", "\"median\""), "median_norm is not a number"},
      {"NegativeMedian", Edited("\"median_norm\":", "\"median_norm\":-"), "want more than 0"},
      {"OtherOrder", Edited("\"jac_c\"", "\"con_ab\""), "features[0] is 'con_ab', want 'jac_c'"},
      {"FewFeatures", Edited("\"jac_c\",", ""), "features is not an array of 38 names"},
      {"NoGate", Edited("\"min_score\":", "\"score\":"), "gate/min_score is not a number"},
      {"NoCosines", Edited("\"min_cosine_for", "\"min_cosines_for"),
       "gate.min_cosine_for_false_hits_over_requests is not an object"},
      {"NoTrees", WithTrees("3"), "trees is not an array"},
      {"EmptyTree", WithTrees("[[[1]], []]"), "trees[1] is not an array of 1"},
      {"Loop", WithTrees("[[[0, 1, 1, 0], [1]]]"), "trees[0][0] is neither"},
      {"ChildOutside", WithTrees("[[[0, 1, 1, 2], [1]]]"), "trees[0][0] is neither"},
      {"NoSuchFeature", WithTrees("[[[38, 1, 1, 1], [1]]]"), "trees[0][0] is neither"},
      {"TwoFields", WithTrees("[[[0, 1, 1, 1], [1, 2]]]"), "trees[0][1] is neither"},
  };
  for (const FaultCase& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(Verifier::Parse(c.json).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(c.want))));
  }
}

}  // namespace
}  // namespace weir::cache
