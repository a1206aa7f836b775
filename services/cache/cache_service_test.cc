#include "services/cache/cache_service.h"

#include "services/cache/cache_for_test.h"

namespace weir::cache {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

class CacheServiceTest : public ::testing::Test {
 protected:
  v1::LookupResponse Ask(std::string_view text, std::string_view reader = kAlice) {
    return cache_.Lookup(TestLookup(text, reader));
  }

  CacheForTest cache_;
};

TEST_F(CacheServiceTest, S2_11_AnswersTheSameQuestionAgain) {
  EXPECT_FALSE(Ask(kQuestion).hit());
  EXPECT_EQ(Ask(kQuestion).reason(), "empty");
  ASSERT_TRUE(cache_.Record(TestRecord(kQuestion, "Click there.")).stored());
  cache_.clock.Advance(seconds(3));
  const v1::LookupResponse hit = Ask(kQuestion);
  ASSERT_TRUE(hit.hit());
  EXPECT_EQ(hit.kind(), "exact");
  EXPECT_EQ(hit.similarity(), 1);
  EXPECT_EQ(hit.age().seconds(), 3);
  EXPECT_EQ(hit.recording().SerializeAsString(), TestRecording("Click there.").SerializeAsString());
  EXPECT_FALSE(Ask("What is the capital of France?").hit());
}

TEST_F(CacheServiceTest, S2_11_AnswersByMeaning) {
  ASSERT_TRUE(cache_.Record(TestRecord(kQuestion, "Click there.")).stored());
  const v1::LookupResponse hit = Ask(kParaphrase);
  ASSERT_TRUE(hit.hit()) << hit.reason();
  EXPECT_EQ(hit.kind(), "semantic");
  EXPECT_GE(hit.similarity(), 0.92);
  EXPECT_LT(hit.similarity(), 1.0001);
  v1::LookupRequest exact = TestLookup(kParaphrase);
  exact.set_exact_only(true);
  EXPECT_FALSE(cache_.Lookup(exact).hit());
}

TEST_F(CacheServiceTest, RulesSpeakAgainstWhatIsNear) {
  v1::CachePolicy loose = TestPolicy("shared");
  loose.set_threshold(0.5);
  cache_.Put(loose);
  ASSERT_TRUE(cache_.Record(TestRecord("Turn on dark mode in the settings", "Done.")).stored());
  const v1::LookupResponse miss = Ask("Turn off dark mode in the settings");
  EXPECT_FALSE(miss.hit());
  EXPECT_THAT(miss.reason(), StartsWith("veto_"));
  ASSERT_TRUE(cache_.Record(TestRecord("List the top 5 customers by revenue", "A")).stored());
  const v1::LookupResponse number = Ask("List the top 7 customers by revenue");
  EXPECT_FALSE(number.hit());
  EXPECT_EQ(number.reason(), "veto_number");
}

struct OtherPartition {
  std::string_view name;
  void (*change)(v1::Partition&);
};
void PrintTo(const OtherPartition& other, std::ostream* out) { *out << other.name; }

class IsolationTest : public CacheServiceTest,
                      public ::testing::WithParamInterface<OtherPartition> {};

TEST_P(IsolationTest, NothingCrossesPartitions) {
  ASSERT_TRUE(cache_.Record(TestRecord(kQuestion, "Click there.")).stored());
  v1::CachePolicy elsewhere = TestPolicy("shared");
  elsewhere.set_organization("zeta");
  cache_.Put(elsewhere);
  for (const std::string_view text : {kQuestion, kParaphrase}) {
    v1::LookupRequest request = TestLookup(text);
    GetParam().change(*request.mutable_partition());
    EXPECT_FALSE(cache_.Lookup(request).hit()) << text;
  }
  EXPECT_TRUE(Ask(kQuestion).hit());
}

INSTANTIATE_TEST_SUITE_P(
    Fields, IsolationTest,
    ::testing::Values(
        OtherPartition{"Organization", [](v1::Partition& p) { p.set_organization("zeta"); }},
        OtherPartition{"Scope", [](v1::Partition& p) { p.set_scope("team:other"); }},
        OtherPartition{"Policy", [](v1::Partition& p) { p.set_policy("own"); }},
        OtherPartition{"Fingerprint",
                       [](v1::Partition& p) { p.set_fingerprint(std::string(32, 'g')); }}),
    [](const auto& each) { return std::string(each.param.name); });

TEST_F(CacheServiceTest, OthersReadOnceTwoUsersGotEqualAnswers) {
  ASSERT_TRUE(cache_.Record(TestRecord(kQuestion, "Click there.", kAlice)).stored());
  EXPECT_TRUE(Ask(kQuestion, kAlice).hit());
  EXPECT_FALSE(Ask(kQuestion, kBob).hit());
  EXPECT_EQ(Ask(kQuestion, kBob).reason(), "not_promoted");
  EXPECT_EQ(Ask(kParaphrase, kBob).reason(), "not_promoted");
  // The same answer with another id and other white space.
  v1::RecordRequest again = TestRecord(kQuestion, "", kBob);
  *again.mutable_recording() = TestRecording("Click  there.\\n", "chatcmpl-2");
  ASSERT_TRUE(cache_.Record(again).stored());
  EXPECT_TRUE(Ask(kQuestion, "user:carol").hit());
  EXPECT_TRUE(Ask(kParaphrase, "user:carol").hit());
}

TEST_F(CacheServiceTest, AnotherAnswerPromotesNothing) {
  cache_.Record(TestRecord(kQuestion, "Click there.", kAlice));
  cache_.Record(TestRecord(kQuestion, "Click here.", kBob));
  EXPECT_THAT(Ask(kQuestion, kAlice).recording().body(), HasSubstr("Click there."));
  EXPECT_THAT(Ask(kQuestion, kBob).recording().body(), HasSubstr("Click here."));
  EXPECT_FALSE(Ask(kQuestion, "user:carol").hit());
}

TEST_F(CacheServiceTest, KeysWithoutUsersPromoteNothingAmongThemselves) {
  cache_.Record(TestRecord(kQuestion, "Click there.", "key:1"));
  cache_.Record(TestRecord(kQuestion, "Click there.", "key:2"));
  EXPECT_FALSE(Ask(kQuestion, kBob).hit());
  cache_.Record(TestRecord(kQuestion, "Click there.", kAlice));
  EXPECT_TRUE(Ask(kQuestion, kBob).hit());
}

TEST_F(CacheServiceTest, AUsersScopeAndAPolicyMayDoWithoutPromotion) {
  v1::CachePolicy open = TestPolicy("open");
  open.set_no_promotion(true);
  cache_.Put(open);
  for (const std::string_view policy : {"open", "own"}) {
    v1::RecordRequest record = TestRecord(kQuestion, "Click there.");
    record.mutable_partition()->set_policy(std::string(policy));
    cache_.Record(record);
    v1::LookupRequest lookup = TestLookup(kQuestion, kBob);
    lookup.mutable_partition()->set_policy(std::string(policy));
    EXPECT_TRUE(cache_.Lookup(lookup).hit()) << policy;
  }
}

TEST_F(CacheServiceTest, S2_12_AnswersEndWithTheirTimeWhateverIsHit) {
  cache_.Record(TestRecord(kQuestion, "Click there."));
  for (int i = 0; i < 59; ++i) {
    cache_.clock.Advance(minutes(1));
    const v1::LookupResponse hit = Ask(kQuestion);
    ASSERT_TRUE(hit.hit()) << i;
    v1::ConfirmRequest confirm;
    confirm.set_entry_id(hit.entry_id());
    *confirm.mutable_partition() = TestPartition();
    ASSERT_THAT(testing::RunUntilDone(cache_.loop, cache_.cache->service().Confirm({}, confirm)),
                IsOk());
  }
  cache_.clock.Advance(minutes(1));
  EXPECT_FALSE(Ask(kQuestion).hit());
  EXPECT_EQ(Ask(kQuestion).reason(), "expired");
}

TEST_F(CacheServiceTest, TheShorterTimeCounts) {
  v1::RecordRequest shorter = TestRecord(kQuestion, "Click there.");
  *shorter.mutable_ttl() = ToProto(minutes(1));
  cache_.Record(shorter);
  v1::RecordRequest longer = TestRecord("What is a quokka?", "An animal.");
  *longer.mutable_ttl() = ToProto(std::chrono::hours(9));
  cache_.Record(longer);
  cache_.clock.Advance(minutes(1));
  EXPECT_FALSE(Ask(kQuestion).hit());
  EXPECT_TRUE(Ask("What is a quokka?").hit());
  v1::LookupRequest fresh = TestLookup("What is a quokka?");
  *fresh.mutable_max_age() = ToProto(seconds(30));
  EXPECT_EQ(cache_.Lookup(fresh).reason(), "expired");
  cache_.clock.Advance(minutes(59));
  EXPECT_FALSE(Ask("What is a quokka?").hit());
}

TEST_F(CacheServiceTest, LookupsLeaveNoTrace) {
  cache_.Record(TestRecord(kQuestion, "Click there."));
  cache_.Record(TestRecord("What is a quokka?", "An animal.", kBob));
  cache_.Run();
  cache_.Advance(seconds(2));
  const std::string stats = cache_.Stats().SerializeAsString();
  const std::string metrics = cache_.metrics.Render();
  for (int i = 0; i < 1000; ++i) {
    Ask(i % 3 == 0 ? kQuestion : i % 3 == 1 ? kParaphrase : "What is a quokka", kAlice);
  }
  EXPECT_EQ(cache_.Stats().SerializeAsString(), stats);
  EXPECT_EQ(cache_.metrics.Render(), metrics);
}

TEST_F(CacheServiceTest, CountsWhatWasServed) {
  v1::CachePolicy shared = TestPolicy("shared");
  shared.set_hit_share(0.5);
  cache_.Put(shared);
  cache_.Record(TestRecord(kQuestion, "Click there."));
  for (const std::string_view text : {kQuestion, kParaphrase, kParaphrase}) {
    v1::ConfirmRequest confirm;
    confirm.set_entry_id(Ask(text).entry_id());
    *confirm.mutable_partition() = TestPartition();
    ASSERT_THAT(testing::RunUntilDone(cache_.loop, cache_.cache->service().Confirm({}, confirm)),
                IsOk());
  }
  const v1::GetCacheStatsResponse stats = cache_.Stats();
  EXPECT_EQ(stats.entries(), 1);
  EXPECT_EQ(stats.partitions(), 1);
  EXPECT_EQ(stats.exact_hits(), 1);
  EXPECT_EQ(stats.semantic_hits(), 2);
  EXPECT_EQ(stats.saved_tokens(), 45);
}

TEST_F(CacheServiceTest, ANewAnswerOfTheAuthorTakesThePlaceOfTheOld) {
  cache_.Record(TestRecord(kQuestion, "Click there."));
  cache_.clock.Advance(minutes(30));
  cache_.Record(TestRecord(kQuestion, "Click here."));
  EXPECT_EQ(cache_.Stats().entries(), 1);
  cache_.clock.Advance(minutes(45));
  EXPECT_THAT(Ask(kQuestion).recording().body(), HasSubstr("Click here."));
}

TEST_F(CacheServiceTest, KeepsNothingThatIsOnlyPassedOnOrTooLarge) {
  v1::RecordRequest passed = TestRecord(kQuestion, "Click there.");
  passed.set_pass_on_only(true);
  EXPECT_EQ(cache_.Record(passed).reason(), "pass_on_only");
  v1::RecordRequest large = TestRecord(kQuestion, std::string((1 << 20) + 1, 'x'));
  EXPECT_EQ(cache_.Record(large).reason(), "body_too_large");
  EXPECT_EQ(cache_.Stats().entries(), 0);
}

TEST_F(CacheServiceTest, RefusesWhatItDoesNotKnow) {
  v1::LookupRequest unknown = TestLookup(kQuestion);
  unknown.mutable_partition()->set_policy("nowhere");
  EXPECT_THAT(testing::RunUntilDone(cache_.loop, cache_.cache->service().Lookup({}, unknown)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("'nowhere'")));
  v1::LookupRequest nobody = TestLookup(kQuestion, "");
  EXPECT_THAT(testing::RunUntilDone(cache_.loop, cache_.cache->service().Lookup({}, nobody)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("reader")));
}

}  // namespace
}  // namespace weir::cache
