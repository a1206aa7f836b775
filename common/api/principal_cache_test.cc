#include "common/api/principal_cache.h"

#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"

namespace weir::api {
namespace {

using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;

class PrincipalCacheTest : public ::testing::Test {
 protected:
  static CredentialId Id(uint8_t n) { return CredentialId{n}; }

  void Store(uint8_t n, uint64_t sequence, const std::string& organization = "acme",
             std::optional<Duration> lifetime = std::nullopt) {
    cache_.StorePrincipal(Id(n), Answer(n, sequence, organization, lifetime));
  }
  identity_pb::AuthenticateResponse Answer(uint8_t n, uint64_t sequence,
                                           const std::string& organization = "acme",
                                           std::optional<Duration> lifetime = std::nullopt) {
    identity_pb::AuthenticateResponse answer;
    answer.set_sequence(sequence);
    answer.mutable_principal()->set_organization(organization);
    answer.mutable_principal()->set_key_public_id(fmt::format("k{}", n));
    if (lifetime) {
      *answer.mutable_principal()->mutable_expires_at() =
          google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(
              ToUnixMicros(clock_.Now() + *lifetime));
    }
    return answer;
  }
  void Heartbeat(uint64_t sequence) {
    identity_pb::WatchEvent event;
    event.set_sequence(sequence);
    event.mutable_heartbeat();
    cache_.Apply(event);
  }
  void KeyChanged(uint64_t sequence, const std::string& public_id) {
    identity_pb::WatchEvent event;
    event.set_sequence(sequence);
    event.mutable_key_changed()->set_key_public_id(public_id);
    cache_.Apply(event);
  }
  void OrganizationChanged(uint64_t sequence, const std::string& organization) {
    identity_pb::WatchEvent event;
    event.set_sequence(sequence);
    event.mutable_organization_changed()->set_organization(organization);
    cache_.Apply(event);
  }
  bool IsFresh(uint8_t n) { return cache_.FindFresh(Id(n)) != nullptr; }
  bool IsUsable(uint8_t n) { return cache_.FindUsable(Id(n)) != nullptr; }

  testing::FakeClock clock_;
  PrincipalCache cache_{{.max_principals = 3, .max_refusals = 2}, clock_};
};

TEST_F(PrincipalCacheTest, NothingIsFreshBeforeTheFirstEvent) {
  Store(1, 5);
  EXPECT_FALSE(IsFresh(1));
  EXPECT_TRUE(IsUsable(1));
  Heartbeat(5);
  EXPECT_TRUE(IsFresh(1));
}

TEST_F(PrincipalCacheTest, AFirstEventThatIsNewerThanTheAnswerPutsItInDoubt) {
  Store(1, 4);
  Store(2, 5);
  Heartbeat(5);
  EXPECT_FALSE(IsFresh(1));
  EXPECT_TRUE(IsUsable(1));
  EXPECT_TRUE(IsFresh(2));
}

TEST_F(PrincipalCacheTest, AChangedKeyGoesAndTheOthersStay) {
  Heartbeat(5);
  Store(1, 5);
  Store(2, 5);
  KeyChanged(6, "k1");
  EXPECT_FALSE(IsUsable(1));
  EXPECT_TRUE(IsFresh(2));
}

TEST_F(PrincipalCacheTest, AChangedOrganizationTakesAllOfItsKeys) {
  Heartbeat(5);
  Store(1, 5, "acme");
  Store(2, 5, "acme");
  Store(3, 5, "other");
  OrganizationChanged(6, "acme");
  EXPECT_FALSE(IsUsable(1));
  EXPECT_FALSE(IsUsable(2));
  EXPECT_TRUE(IsFresh(3));
}

TEST_F(PrincipalCacheTest, ASecondOfSilenceMakesEverythingStaleUntilTheStreamGoesOn) {
  Heartbeat(5);
  Store(1, 5);
  clock_.Advance(1s);
  EXPECT_TRUE(IsFresh(1));
  clock_.Advance(1ms);
  EXPECT_FALSE(IsFresh(1));
  // Nothing was missed: the number is the same.
  Heartbeat(5);
  EXPECT_TRUE(IsFresh(1));
}

TEST_F(PrincipalCacheTest, AGapMakesEverythingStaleThatWasReadBeforeIt) {
  Heartbeat(5);
  Store(1, 5);
  Store(2, 7);
  KeyChanged(7, "k9");
  EXPECT_FALSE(IsFresh(1));
  EXPECT_TRUE(IsUsable(1));
  EXPECT_TRUE(IsFresh(2));
  Store(1, 7);
  EXPECT_TRUE(IsFresh(1));
}

TEST_F(PrincipalCacheTest, AHeartbeatThatIsAheadIsAGapToo) {
  Heartbeat(5);
  Store(1, 5);
  Heartbeat(6);
  EXPECT_FALSE(IsFresh(1));
}

TEST_F(PrincipalCacheTest, NumbersThatGoBackMakeEverythingStale) {
  Heartbeat(5);
  Store(1, 5);
  Heartbeat(2);
  EXPECT_FALSE(IsFresh(1));
  Store(2, 2);
  EXPECT_TRUE(IsFresh(2));
}

TEST_F(PrincipalCacheTest, AnEventOfAnUnknownKindMakesEverythingStale) {
  Heartbeat(5);
  Store(1, 5);
  identity_pb::WatchEvent unknown;
  unknown.set_sequence(6);
  cache_.Apply(unknown);
  EXPECT_FALSE(IsFresh(1));
  Heartbeat(6);
  EXPECT_FALSE(IsFresh(1));
}

TEST_F(PrincipalCacheTest, AKeyThatEndsIsNeitherFreshNorUsable) {
  Heartbeat(5);
  Store(1, 5, "acme", 500ms);
  EXPECT_TRUE(IsFresh(1));
  clock_.Advance(499ms);
  EXPECT_TRUE(IsFresh(1));
  clock_.Advance(1ms);
  EXPECT_FALSE(IsFresh(1));
  EXPECT_FALSE(IsUsable(1));
}

TEST_F(PrincipalCacheTest, TheGraceCountsFromTheLastSignOfLife) {
  Heartbeat(5);
  Store(1, 5);
  clock_.Advance(60s);
  EXPECT_TRUE(IsUsable(1));
  clock_.Advance(1ms);
  EXPECT_FALSE(IsUsable(1));
}

TEST_F(PrincipalCacheTest, AGapAfterSilenceDoesNotBeginTheGraceAnew) {
  Heartbeat(5);
  Store(1, 5);
  clock_.Advance(50s);
  Heartbeat(9);
  clock_.Advance(10s);
  EXPECT_TRUE(IsUsable(1));
  Heartbeat(12);
  clock_.Advance(1ms);
  EXPECT_FALSE(IsUsable(1));
}

TEST_F(PrincipalCacheTest, TheKeyUsedLeastRecentlyMakesRoom) {
  Heartbeat(5);
  for (uint8_t n : {1, 2, 3}) Store(n, 5);
  EXPECT_TRUE(IsFresh(1));
  Store(4, 5);
  EXPECT_FALSE(IsUsable(2));
  EXPECT_TRUE(IsFresh(1));
  EXPECT_EQ(cache_.size(), 3u);
  // What is forgotten about 2 must not hit whoever has its place.
  KeyChanged(6, "k2");
  EXPECT_EQ(cache_.size(), 3u);
}

TEST_F(PrincipalCacheTest, ARefusalStandsForFiveSecondsOrUntilAnyChange) {
  Heartbeat(5);
  cache_.StoreRefusal(Id(1), status::Unauthenticated("no"));
  EXPECT_THAT(cache_.FindRefusal(Id(1)), StatusIs(absl::StatusCode::kUnauthenticated, "no"));
  EXPECT_THAT(cache_.FindRefusal(Id(2)), IsOk());
  clock_.Advance(5s);
  EXPECT_THAT(cache_.FindRefusal(Id(1)), IsOk());
  cache_.StoreRefusal(Id(1), status::Unauthenticated("no"));
  KeyChanged(6, "k7");
  EXPECT_THAT(cache_.FindRefusal(Id(1)), IsOk());
  cache_.StoreRefusal(Id(1), status::Unauthenticated("no"));
  OrganizationChanged(7, "acme");
  EXPECT_THAT(cache_.FindRefusal(Id(1)), IsOk());
}

TEST_F(PrincipalCacheTest, ARefusalEndsWhatWasKnown) {
  Heartbeat(5);
  Store(1, 5);
  cache_.StoreRefusal(Id(1), status::Unauthenticated("no"));
  EXPECT_FALSE(IsUsable(1));
  Store(1, 5);
  EXPECT_THAT(cache_.FindRefusal(Id(1)), IsOk());
}

TEST_F(PrincipalCacheTest, RefusalsAreBounded) {
  for (uint8_t n : {1, 2, 3}) cache_.StoreRefusal(Id(n), status::Unauthenticated("no"));
  EXPECT_THAT(cache_.FindRefusal(Id(1)), IsOk());
  EXPECT_FALSE(cache_.FindRefusal(Id(3)).ok());
}

TEST_F(PrincipalCacheTest, AnAnswerFromBeforeAnEventOfItsKeyOrOrganizationIsSuperseded) {
  Heartbeat(5);
  KeyChanged(6, "k1");
  OrganizationChanged(7, "acme");
  EXPECT_TRUE(cache_.IsSuperseded(Answer(1, 5, "other")));
  EXPECT_FALSE(cache_.IsSuperseded(Answer(1, 6, "other")));
  EXPECT_FALSE(cache_.IsSuperseded(Answer(2, 5, "other")));
  EXPECT_TRUE(cache_.IsSuperseded(Answer(2, 6, "acme")));
  EXPECT_FALSE(cache_.IsSuperseded(Answer(2, 7, "acme")));
  EXPECT_TRUE(cache_.IsRefusalSuperseded(6));
  EXPECT_FALSE(cache_.IsRefusalSuperseded(7));
}

TEST_F(PrincipalCacheTest, AnAnswerFromBeforeAGapIsSuperseded) {
  Heartbeat(5);
  Heartbeat(8);
  EXPECT_TRUE(cache_.IsSuperseded(Answer(1, 7)));
  EXPECT_FALSE(cache_.IsSuperseded(Answer(1, 8)));
}

TEST_F(PrincipalCacheTest, AnAnswerOlderThanWhatIsRememberedIsSuperseded) {
  Heartbeat(0);
  for (uint64_t n = 1; n <= 300; ++n) KeyChanged(n, "k9");
  EXPECT_TRUE(cache_.IsSuperseded(Answer(1, 40)));
  EXPECT_FALSE(cache_.IsSuperseded(Answer(1, 60)));
}

}  // namespace
}  // namespace weir::api
