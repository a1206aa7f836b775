#include "common/quota/estimate.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::quota {
namespace {

constexpr std::nullopt_t kUnset = std::nullopt;

Standing Of(int64_t capacity, int64_t used, int64_t held) { return {capacity, used, held}; }

struct StrictCase {
  std::string_view name;
  Standing standing;
  Demand demand;
  bool want_fits;
  int64_t want_input, want_output;
};
class OfferStrictTest : public ::testing::TestWithParam<StrictCase> {};

TEST_P(OfferStrictTest, HoldsWhatIsThere) {
  const StrictCase& c = GetParam();
  const Offer offer = OfferStrict(c.standing, c.demand);
  EXPECT_EQ(offer.fits, c.want_fits);
  if (!c.want_fits) return;
  EXPECT_EQ(offer.input, c.want_input);
  EXPECT_EQ(offer.output, c.want_output);
  const bool by_likely = c.standing.untouched() && offer.input == c.demand.input_likely;
  EXPECT_TRUE(by_likely || offer.input + offer.output <= c.standing.room());
}

Demand Ask(int64_t bound, int64_t likely, std::optional<int64_t> declared,
           std::optional<int64_t> max = kUnset, std::optional<int64_t> p95 = kUnset) {
  return {.input_bound = bound,
          .input_likely = likely,
          .output_declared = declared,
          .output_max = max,
          .output_p95 = p95};
}

INSTANTIATE_TEST_SUITE_P(
    Cases, OfferStrictTest,
    ::testing::ValuesIn<StrictCase>({
        {"DeclaredFitsWhole", Of(1000, 0, 0), Ask(10, 5, 100), true, 10, 100},
        {"DeclaredIsClampedToTheRoom", Of(1000, 800, 0), Ask(10, 5, 500), true, 10, 190},
        {"DeclaredOfOneIsWhatIsHeld", Of(1000, 0, 0), Ask(10, 5, 1), true, 10, 1},
        {"UndeclaredSmallMaximum", Of(100'000, 0, 0), Ask(1000, 500, kUnset, 4096), true, 1000,
         4096},
        {"UndeclaredMaximumOfExactlyAQuarter", Of(1000, 0, 0), Ask(0, 0, kUnset, 250), true, 0,
         250},
        {"UndeclaredMaximumAboveAQuarterIsTheDefault", Of(10'000, 0, 0),
         Ask(1000, 500, kUnset, 4096), true, 1000, 256},
        {"UndeclaredUnknownMaximumIsTheDefault", Of(10'000, 0, 0), Ask(10, 5, kUnset), true, 10,
         256},
        {"TheDefaultFollowsLongAnswers", Of(100'000, 0, 0), Ask(10, 5, kUnset, kUnset, 700), true,
         10, 700},
        {"TheDefaultIsAtLeast256", Of(100'000, 0, 0), Ask(10, 5, kUnset, kUnset, 30), true, 10,
         256},
        {"TheDefaultIsNotAboveTheMaximum", Of(500, 0, 0), Ask(10, 5, kUnset, 200, 700), true, 10,
         200},
        {"TheLastRoomIsHeldWhole", Of(600, 532, 0), Ask(10, 5, kUnset), true, 10, 58},
        {"BesideHoldsAnAnswerMustBeWorthIt", Of(600, 0, 575), Ask(10, 5, kUnset), false, 0, 0},
        {"SixteenAreWorthIt", Of(600, 0, 574), Ask(10, 5, kUnset), true, 10, 16},
        {"TheLearnedLengthIsWhatIsWorthIt", Of(600, 0, 570), Ask(10, 5, kUnset, kUnset, 21), false,
         0, 0},
        {"ADeclaredShortAnswerIsWorthIt", Of(600, 0, 585), Ask(10, 5, 5), true, 10, 5},
        {"WithoutHoldsAnyAnswerIsTaken", Of(600, 589, 0), Ask(10, 5, kUnset), true, 10, 1},
        {"AnEmptyRemainderIsRefused", Of(600, 590, 0), Ask(10, 5, kUnset), false, 0, 0},
        {"Exhausted", Of(600, 600, 0), Ask(0, 0, 1), false, 0, 0},
        {"OverdrawnIsRefused", Of(600, 700, 0), Ask(0, 0, 1), false, 0, 0},
        {"TheFirstCallOnASmallLimit", Of(30, 0, 0), Ask(100, 10, kUnset), true, 10, 20},
        {"TheFirstCallWithADeclaredCap", Of(30, 0, 0), Ask(100, 10, 20), true, 10, 20},
        {"TheFirstCallWhoseBoundFillsTheLimit", Of(30, 0, 0), Ask(30, 10, kUnset), true, 10, 20},
        {"OnlyTheFirstCallGoesByTheLikelyInput", Of(30, 1, 0), Ask(100, 10, kUnset), false, 0, 0},
        {"NotBesideAHoldEither", Of(30, 0, 1), Ask(100, 10, kUnset), false, 0, 0},
        {"APromptThatNeverFits", Of(30, 0, 0), Ask(100, 30, kUnset), false, 0, 0},
        {"EmbeddingsHoldNoOutput", Of(1000, 0, 0), Ask(100, 50, kUnset, 0), true, 100, 0},
        {"EmbeddingsMayFillTheLimit", Of(1000, 900, 0), Ask(100, 50, kUnset, 0), true, 100, 0},
        {"EmbeddingsThatDoNotFit", Of(1000, 901, 0), Ask(100, 50, kUnset, 0), false, 0, 0},
        {"AnEmptyEmbeddingStillCostsOne", Of(1000, 1000, 0), Ask(0, 0, kUnset, 0), false, 0, 0},
        {"TheFirstEmbeddingOnASmallLimit", Of(50, 0, 0), Ask(100, 50, kUnset, 0), true, 50, 0},
    }),
    [](const auto& info) { return std::string(info.param.name); });

struct OutlookCase {
  std::string_view name;
  Standing standing;
  Demand demand;
  Outlook want;
};
class StrictOutlookTest : public ::testing::TestWithParam<OutlookCase> {};

TEST_P(StrictOutlookTest, SaysWhatHelps) {
  const Offer offer = OfferStrict(GetParam().standing, GetParam().demand);
  ASSERT_FALSE(offer.fits);
  EXPECT_EQ(offer.outlook, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Cases, StrictOutlookTest,
    ::testing::ValuesIn<OutlookCase>({
        {"Exhausted", Of(600, 600, 0), Ask(10, 5, 20), Outlook::kAfterReset},
        {"ExhaustedBesideHolds", Of(600, 600, 30), Ask(10, 5, 20), Outlook::kAfterReset},
        {"HoldsInTheWay", Of(600, 300, 300), Ask(10, 5, 20), Outlook::kAnyTime},
        {"TheBoundDoesNotFitWhatIsLeft", Of(600, 595, 5), Ask(10, 5, 20), Outlook::kAfterReset},
        {"AFirstCallIsInTheWay", Of(30, 0, 30), Ask(100, 10, 20), Outlook::kAnyTime},
        {"LargerThanTheLimit", Of(30, 0, 0), Ask(100, 30, 20), Outlook::kNever},
    }),
    [](const auto& info) { return std::string(info.param.name); });

struct AdaptiveCase {
  std::string_view name;
  Standing standing;
  Demand demand;
  std::optional<int64_t> strict_cap;
  bool want_fits;
  int64_t want_input, want_output;
};
class OfferAdaptiveTest : public ::testing::TestWithParam<AdaptiveCase> {};

TEST_P(OfferAdaptiveTest, HoldsWhatIsLikely) {
  const AdaptiveCase& c = GetParam();
  const Offer offer = OfferAdaptive(c.standing, c.demand, c.strict_cap);
  EXPECT_EQ(offer.fits, c.want_fits);
  EXPECT_EQ(offer.input, c.want_input);
  EXPECT_EQ(offer.output, c.want_output);
}
INSTANTIATE_TEST_SUITE_P(
    Cases, OfferAdaptiveTest,
    ::testing::ValuesIn<AdaptiveCase>({
        {"NothingLearned", Of(1000, 0, 0), Ask(100, 20, kUnset), kUnset, true, 20, 256},
        {"Learned", Of(1000, 0, 0), Ask(100, 20, kUnset, kUnset, 90), kUnset, true, 20, 90},
        {"DeclaredWhereSmaller", Of(1000, 0, 0), Ask(100, 20, 50, kUnset, 90), kUnset, true, 20,
         50},
        {"DeclaredWhereLarger", Of(1000, 0, 0), Ask(100, 20, 500, kUnset, 90), kUnset, true, 20,
         90},
        {"TheModelsMaximumWhereSmaller", Of(1000, 0, 0), Ask(100, 20, kUnset, 40), kUnset, true, 20,
         40},
        {"WhatStrictLimitsLeave", Of(1000, 0, 0), Ask(100, 20, kUnset), 30, true, 20, 30},
        {"TheLastCallFinishesOnAnOverdraft", Of(1000, 999, 0), Ask(100, 20, kUnset), kUnset, true,
         20, 256},
        {"HoldsCountAgainstIt", Of(1000, 500, 500), Ask(100, 20, kUnset), kUnset, false, 20, 256},
        {"Exhausted", Of(1000, 1000, 0), Ask(0, 0, 1), kUnset, false, 0, 1},
        {"EmbeddingsHoldNoOutput", Of(1000, 0, 0), Ask(100, 20, kUnset, 0), kUnset, true, 20, 0},
        {"AnEmptyEmbeddingStillCostsOne", Of(1000, 0, 0), Ask(0, 0, kUnset, 0), kUnset, true, 1, 0},
    }),
    [](const auto& info) { return std::string(info.param.name); });

struct RequestsCase {
  std::string_view name;
  Standing standing;
  int64_t requests;
  bool want_fits;
  Outlook want_outlook;
};
class OfferRequestsTest : public ::testing::TestWithParam<RequestsCase> {};

TEST_P(OfferRequestsTest, IsExact) {
  const RequestsCase& c = GetParam();
  const Offer offer = OfferRequests(c.standing, {.requests = c.requests});
  EXPECT_EQ(offer.fits, c.want_fits);
  if (!c.want_fits) EXPECT_EQ(offer.outlook, c.want_outlook);
}
INSTANTIATE_TEST_SUITE_P(Cases, OfferRequestsTest,
                         ::testing::ValuesIn<RequestsCase>({
                             {"Fits", Of(20, 10, 9), 1, true, {}},
                             {"Full", Of(20, 20, 0), 1, false, Outlook::kAfterReset},
                             {"FullOfHolds", Of(20, 0, 20), 1, false, Outlook::kAnyTime},
                             {"AFurtherAttemptIsFree", Of(20, 20, 0), 0, true, {}},
                             {"MoreThanTheLimit", Of(1, 0, 0), 2, false, Outlook::kNever},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::quota
