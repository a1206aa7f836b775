#include "edge/pipeline/answer_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/async/loop_context.h"
#include "common/testing/fake_timers.h"
#include "common/testing/run.h"
#include "edge/testing/fake_cache.h"

namespace weir::edge {
namespace {

using api::cache_pb::LeadRequest;
using api::cache_pb::LookupRequest;
using api::cache_pb::LookupResponse;
using api::cache_pb::RecordRequest;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeCache;
using ::testing::SizeIs;
using weir::testing::PumpUntil;

class AnswerCacheTest : public ::testing::Test {
 protected:
  ~AnswerCacheTest() override { loop_.Abandon(); }

  void Make(AnswerCache::Options options) {
    cache_ = std::make_unique<AnswerCache>(
        options, AnswerCache::Deps{.cache = fake_, .loop = loop_, .timers = timers_});
  }
  // Everything that is ready happens.
  void Turn() {
    loop_.restart();
    while (loop_.poll() > 0) {
    }
  }
  void Pass(Duration time) { timers_.Advance(time, loop_); }

  static api::cache_pb::Partition Partition() {
    api::cache_pb::Partition partition;
    partition.set_organization("acme");
    partition.set_policy("faq");
    return partition;
  }
  static RecordRequest Answer(std::string body = "{}") {
    RecordRequest request;
    *request.mutable_partition() = Partition();
    request.set_text("q");
    request.mutable_recording()->set_body(std::move(body));
    return request;
  }
  void BeginLookup() {
    LookupRequest request;
    *request.mutable_partition() = Partition();
    request.set_text("q");
    found_.reset();
    asio::co_spawn(loop_, cache_->Lookup(std::move(request)),
                   [this](std::exception_ptr, LookupResponse found) { found_ = std::move(found); });
    Turn();
  }
  // The answer that came at once.
  LookupResponse Lookup() {
    BeginLookup();
    EXPECT_TRUE(found_.has_value());
    return found_.value_or(LookupResponse());
  }
  void BeginLead(std::optional<AnswerCache::Led>& led) {
    LeadRequest request;
    *request.mutable_partition() = Partition();
    request.set_text("q");
    request.set_principal("user:alice");
    wait_ = std::make_shared<AnswerCache::Wait>(loop_);
    asio::co_spawn(loop_, cache_->Lead(std::move(request), clock_.Monotonic() + seconds(30), wait_),
                   [&led](std::exception_ptr, AnswerCache::Led got) { led = std::move(got); });
    Turn();
  }
  Flight Lead() {
    std::optional<AnswerCache::Led> led;
    BeginLead(led);
    EXPECT_TRUE(led.has_value() && led->flight.leads());
    return led ? std::move(led->flight) : Flight();
  }

  LoopContext loop_;
  weir::testing::FakeClock clock_;
  weir::testing::FakeTimers timers_{clock_};
  FakeCache fake_;
  std::unique_ptr<AnswerCache> cache_ = std::make_unique<AnswerCache>(
      AnswerCache::Options(), AnswerCache::Deps{.cache = fake_, .loop = loop_, .timers = timers_});
  std::optional<LookupResponse> found_;
  std::shared_ptr<AnswerCache::Wait> wait_;  // Of the last that began to lead.
};

TEST_F(AnswerCacheTest, FindsWhatWasRecorded) {
  EXPECT_EQ(Lookup().reason(), "empty");
  cache_->Record(Answer("{\"a\":1}"), Flight());
  Turn();
  EXPECT_EQ(cache_->records_in_flight(), 0u);
  EXPECT_EQ(cache_->record_bytes(), 0u);
  const LookupResponse found = Lookup();
  EXPECT_TRUE(found.hit());
  EXPECT_EQ(found.recording().body(), "{\"a\":1}");
  EXPECT_EQ(fake_.deadlines.back() - clock_.Monotonic(), milliseconds(3));
}

TEST_F(AnswerCacheTest, ALateAnswerIsAMiss) {
  fake_.holds_back = true;
  BeginLookup();
  Pass(milliseconds(3) - Duration(1));
  EXPECT_FALSE(found_.has_value());
  Pass(Duration(1));
  ASSERT_TRUE(found_.has_value());
  EXPECT_FALSE(found_->hit());
  EXPECT_EQ(found_->reason(), "timeout");
  EXPECT_EQ(cache_->counts().lookups_late, 1);
}

TEST_F(AnswerCacheTest, AnErrorIsAMiss) {
  struct Case {
    absl::Status fails;
    const char* reason;
  };
  for (const Case& each : {Case{status::Unavailable("x"), "unavailable"},
                           Case{status::FailedPrecondition("x"), "no_policy"},
                           Case{status::DeadlineExceeded("x"), "timeout"},
                           Case{status::Internal("x"), "unavailable"}}) {
    fake_.fails = each.fails;
    const LookupResponse found = Lookup();
    EXPECT_FALSE(found.hit());
    EXPECT_EQ(found.reason(), each.reason);
  }
  EXPECT_EQ(cache_->counts().lookups_failed, 3);
  EXPECT_EQ(cache_->counts().lookups_late, 1);
}

TEST_F(AnswerCacheTest, AHitWithoutAnAnswerIsAMiss) {
  cache_->Record(Answer(""), Flight());
  Turn();
  EXPECT_EQ(Lookup().reason(), "unusable");
  cache_->Record(Answer(std::string(1024 * 1024 + 1, 'x')), Flight());
  Turn();
  EXPECT_EQ(Lookup().reason(), "unusable");
}

TEST_F(AnswerCacheTest, LookupsThatHangAreBounded) {
  Make({.max_calls = 2});
  fake_.holds_back = true;
  for (int i = 0; i < 2; ++i) {
    BeginLookup();
    Pass(milliseconds(3));
    EXPECT_EQ(found_->reason(), "timeout");
  }
  EXPECT_EQ(Lookup().reason(), "busy");
  cache_->Confirm({});
  EXPECT_EQ(cache_->counts().confirms_failed, 1);
  fake_.holds_back = false;
  EXPECT_TRUE(PumpUntil(loop_, [&] { return Lookup().reason() == "empty"; }));
}

TEST_F(AnswerCacheTest, ConfirmsBehindTheRequest) {
  api::cache_pb::ConfirmRequest request;
  request.set_entry_id("entry");
  cache_->Confirm(request);
  EXPECT_THAT(fake_.confirmed, SizeIs(0));
  Turn();
  ASSERT_THAT(fake_.confirmed, SizeIs(1));
  EXPECT_EQ(fake_.confirmed[0].entry_id(), "entry");
  fake_.fails = status::Unavailable("x");
  cache_->Confirm(request);
  Turn();
  EXPECT_EQ(cache_->counts().confirms_failed, 1);
}

TEST_F(AnswerCacheTest, AFlightIsRenewedWhileItIsHeld) {
  std::optional<Flight> flight = Lead();
  Pass(seconds(2));
  EXPECT_THAT(fake_.renewed, SizeIs(0));
  Pass(seconds(8));
  ASSERT_THAT(fake_.renewed, SizeIs(3));
  EXPECT_EQ(fake_.renewed[0].lease_id(), "lease-1");
  EXPECT_EQ(fake_.renewed[0].organization(), "acme");
  flight.reset();
  Turn();
  ASSERT_THAT(fake_.released, SizeIs(1));
  EXPECT_EQ(fake_.released[0].lease_id(), "lease-1");
  EXPECT_EQ(fake_.released[0].organization(), "acme");
  Pass(seconds(30));
  EXPECT_THAT(fake_.renewed, SizeIs(3));
}

TEST_F(AnswerCacheTest, ARenewalThatFailsIsRepeated) {
  const Flight flight = Lead();
  fake_.fails = status::Unavailable("x");
  Pass(seconds(6));
  EXPECT_TRUE(flight.leads());
  fake_.fails = absl::OkStatus();
  Pass(seconds(3));
  EXPECT_THAT(fake_.renewed, SizeIs(3));
  EXPECT_TRUE(flight.leads());
}

TEST_F(AnswerCacheTest, ALostLeadIsNotGivenUpAgain) {
  Flight flight = Lead();
  fake_.LoseLeases();
  Pass(seconds(3));
  EXPECT_FALSE(flight.leads());
  EXPECT_EQ(cache_->counts().leads_lost, 1);
  Pass(seconds(30));
  EXPECT_THAT(fake_.renewed, SizeIs(1));
  cache_->Record(Answer(), std::move(flight));
  Turn();
  ASSERT_THAT(fake_.recorded, SizeIs(1));
  EXPECT_EQ(fake_.recorded[0].lease_id(), "");
  EXPECT_THAT(fake_.released, SizeIs(0));
}

TEST_F(AnswerCacheTest, ARecordEndsTheFlight) {
  Flight flight = Lead();
  std::optional<AnswerCache::Led> follower;
  BeginLead(follower);
  EXPECT_FALSE(follower.has_value());
  cache_->Record(Answer("{\"a\":1}"), std::move(flight));
  ASSERT_TRUE(PumpUntil(loop_, [&] { return follower.has_value(); }));
  EXPECT_EQ(fake_.recorded[0].lease_id(), "lease-1");
  EXPECT_FALSE(follower->flight.leads());
  ASSERT_TRUE(follower->recording.has_value());
  EXPECT_EQ(follower->recording->body(), "{\"a\":1}");
  Pass(seconds(30));
  EXPECT_THAT(fake_.released, SizeIs(0));
  EXPECT_THAT(fake_.renewed, SizeIs(0));
}

TEST_F(AnswerCacheTest, AFollowerLeadsWhereTheLeaderGaveUp) {
  std::optional<Flight> flight = Lead();
  std::optional<AnswerCache::Led> follower;
  BeginLead(follower);
  flight.reset();
  ASSERT_TRUE(PumpUntil(loop_, [&] { return follower.has_value(); }));
  EXPECT_TRUE(follower->flight.leads());
  EXPECT_FALSE(follower->recording.has_value());
}

TEST_F(AnswerCacheTest, AWaitEndsWhenNobodyWantsItsAnswer) {
  std::optional<Flight> flight = Lead();
  std::optional<AnswerCache::Led> follower;
  BeginLead(follower);
  wait_->End();
  Turn();
  ASSERT_TRUE(follower.has_value());
  EXPECT_FALSE(follower->flight.leads());
  EXPECT_FALSE(follower->recording.has_value());
  // The lead that comes to it later is the next one's.
  std::optional<AnswerCache::Led> next;
  BeginLead(next);
  flight.reset();
  ASSERT_TRUE(PumpUntil(loop_, [&] { return next.has_value(); }));
  EXPECT_TRUE(next->flight.leads());
}

TEST_F(AnswerCacheTest, ALeadThatCannotBeHadIsNone) {
  fake_.fails = status::Unavailable("x");
  std::optional<AnswerCache::Led> led;
  BeginLead(led);
  ASSERT_TRUE(led.has_value());
  EXPECT_FALSE(led->flight.leads());
  EXPECT_FALSE(led->recording.has_value());
  EXPECT_EQ(cache_->counts().leads_failed, 1);
}

TEST_F(AnswerCacheTest, NobodyWaitsOnAServiceThatStandsStill) {
  const Flight leader = Lead();
  std::optional<AnswerCache::Led> follower;
  BeginLead(follower);
  fake_.stands_still = true;
  Pass(milliseconds(100));
  ASSERT_THAT(fake_.renewed, SizeIs(1));
  EXPECT_EQ(fake_.renewed[0].lease_id(), "");
  EXPECT_FALSE(follower.has_value());
  fake_.fails_to_renew = status::DeadlineExceeded("x");
  fake_.stands_still = false;
  ASSERT_TRUE(PumpUntil(loop_, [&] { return follower.has_value(); }));
  EXPECT_FALSE(follower->flight.leads());
  std::optional<AnswerCache::Led> later;
  BeginLead(later);
  EXPECT_TRUE(later.has_value() && !later->flight.leads());
  fake_.fails_to_renew = absl::OkStatus();
  Pass(milliseconds(100));
  EXPECT_THAT(fake_.renewed, SizeIs(2));
}

TEST_F(AnswerCacheTest, ALeadThatComesWhenNobodyWaitsIsGivenUp) {
  std::optional<Flight> leader = Lead();
  std::optional<AnswerCache::Led> follower;
  BeginLead(follower);
  fake_.fails_to_renew = status::DeadlineExceeded("x");
  Pass(milliseconds(100));
  ASSERT_TRUE(follower.has_value());
  leader.reset();
  ASSERT_TRUE(PumpUntil(loop_, [&] { return fake_.released.size() == 2; }));
  EXPECT_EQ(fake_.released[1].lease_id(), "lease-2");
}

TEST_F(AnswerCacheTest, LeadsAreBounded) {
  Make({.max_leads = 2});
  const Flight leader = Lead();
  std::optional<AnswerCache::Led> second, third, fourth;
  BeginLead(second);
  BeginLead(third);
  BeginLead(fourth);
  EXPECT_FALSE(second.has_value() || third.has_value());
  EXPECT_TRUE(fourth.has_value() && !fourth->flight.leads());
}

TEST_F(AnswerCacheTest, TooManyRecordsAreDropped) {
  Make({.max_records = 2});
  fake_.holds_back = true;
  for (int i = 0; i < 2; ++i) cache_->Record(Answer(), Flight());
  Turn();
  EXPECT_EQ(cache_->records_in_flight(), 2u);
  Flight flight = Lead();
  cache_->Record(Answer(), std::move(flight));
  Turn();
  EXPECT_EQ(cache_->counts().records_dropped, 1);
  EXPECT_THAT(fake_.recorded, SizeIs(2));
  EXPECT_THAT(fake_.released, SizeIs(1));
  fake_.holds_back = false;
  EXPECT_TRUE(PumpUntil(loop_, [&] { return cache_->records_in_flight() == 0; }));
  cache_->Record(Answer(), Flight());
  Turn();
  EXPECT_THAT(fake_.recorded, SizeIs(3));
}

TEST_F(AnswerCacheTest, TooLargeRecordsAreDropped) {
  Make({.max_record_bytes = 21});
  fake_.holds_back = true;
  cache_->Record(Answer(std::string(10, 'x')), Flight());
  cache_->Record(Answer(std::string(10, 'x')), Flight());
  EXPECT_EQ(cache_->record_bytes(), 11u);
  EXPECT_EQ(cache_->counts().records_dropped, 1);
  cache_->Record(Answer(std::string(9, 'x')), Flight());
  EXPECT_EQ(cache_->record_bytes(), 21u);
}

TEST_F(AnswerCacheTest, ARecordThatFailsGivesTheFlightUp) {
  Flight flight = Lead();
  fake_.fails = status::Unavailable("x");
  cache_->Record(Answer(), std::move(flight));
  Turn();
  EXPECT_EQ(cache_->counts().records_failed, 1);
  EXPECT_THAT(fake_.released, SizeIs(1));
}

TEST_F(AnswerCacheTest, AFlightCanBeMoved) {
  Flight first = Lead();
  Flight second = std::move(first);
  EXPECT_FALSE(first.leads());  // NOLINT(bugprone-use-after-move): it leads no more.
  EXPECT_TRUE(second.leads());
  second = Flight();
  Turn();
  EXPECT_THAT(fake_.released, SizeIs(1));
}

}  // namespace
}  // namespace weir::edge
