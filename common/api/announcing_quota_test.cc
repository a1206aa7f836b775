#include "common/api/announcing_quota.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "common/quota/lease_amounts.h"
#include "common/testing/fake_timers.h"
#include "common/testing/run.h"
#include "common/testing/status_matchers.h"

namespace weir::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::RunUntilDone;
using ::testing::SizeIs;

// A service that grants everything and notes what is announced.
class Service final : public Quota {
 public:
  asio::awaitable<absl::StatusOr<quota_pb::ReserveResponse>> Reserve(
      CallContext, quota_pb::ReserveRequest) override {
    co_return reserve;
  }
  asio::awaitable<absl::StatusOr<quota_pb::ExtendResponse>> Extend(
      CallContext, quota_pb::ExtendRequest request) override {
    quota_pb::ExtendResponse response;
    response.set_output_tokens_cap(request.output_tokens_wanted());
    co_return response;
  }
  asio::awaitable<absl::StatusOr<quota_pb::SettleResponse>> Settle(
      CallContext, quota_pb::SettleRequest) override {
    if (settling) {
      // What it asks for happens on the loop, before this is answered.
      std::exchange(settling, nullptr)();
      for (int i = 0; i < 20; ++i) co_await asio::post(asio::use_awaitable);
    }
    if (!settled.ok()) co_return settled;
    co_return quota_pb::SettleResponse();
  }
  asio::awaitable<absl::StatusOr<quota_pb::ReleaseResponse>> Release(
      CallContext, quota_pb::ReleaseRequest request) override {
    released.push_back(request.key().request_id());
    co_return quota_pb::ReleaseResponse();
  }
  asio::awaitable<absl::StatusOr<quota_pb::LeaseResponse>> Lease(CallContext,
                                                                 quota_pb::LeaseRequest) override {
    co_return quota_pb::LeaseResponse();
  }
  asio::awaitable<absl::StatusOr<quota_pb::ReturnResponse>> Return(
      CallContext, quota_pb::ReturnRequest) override {
    co_return quota_pb::ReturnResponse();
  }
  asio::awaitable<absl::StatusOr<quota_pb::HeartbeatResponse>> Heartbeat(
      CallContext, quota_pb::HeartbeatRequest) override {
    co_return quota_pb::HeartbeatResponse();
  }
  asio::awaitable<absl::StatusOr<quota_pb::AnnounceResponse>> Announce(
      CallContext, quota_pb::AnnounceRequest request) override {
    announced.push_back(request);
    most_open = std::max(most_open, ++open);
    co_await asio::post(asio::use_awaitable);
    --open;
    if (announcing && !request.attempts().empty()) std::exchange(announcing, nullptr)();
    if (!told.ok()) co_return told;
    co_return quota_pb::AnnounceResponse();
  }
  std::shared_ptr<LossEvents> WatchLosses(asio::any_io_executor executor) override {
    return losses.Subscribe(std::move(executor));
  }
  asio::awaitable<absl::StatusOr<quota_pb::PeekResponse>> Peek(CallContext,
                                                               quota_pb::PeekRequest) override {
    co_return quota_pb::PeekResponse();
  }

  absl::StatusOr<quota_pb::ReserveResponse> reserve = quota_pb::ReserveResponse();
  absl::Status settled, told;
  std::vector<quota_pb::AnnounceRequest> announced;
  std::vector<std::string> released;
  std::function<void()> settling, announcing;  // The next time.
  int open = 0, most_open = 0;                 // Announcements that are answered at the same time.
  Broadcaster<std::string> losses;
};

class AnnouncingQuotaTest : public ::testing::Test {
 protected:
  AnnouncingQuotaTest() {
    asio::co_spawn(loop_, edge_.Run(), asio::detached);
    Drain();
  }
  ~AnnouncingQuotaTest() override {
    service_.losses.Close();
    Drain();
  }
  static void Name(int number, common::v1::AttemptKey& key) {
    key.set_request_id(fmt::format("{:032x}", number));
    key.set_attempt(1);
  }
  void Begin(int number, const std::string& organization = "acme", bool dry_run = false) {
    quota_pb::ReserveRequest request;
    Name(number, *request.mutable_key());
    request.mutable_subjects()->set_organization(organization);
    request.mutable_estimate()->set_output_tokens_declared(1000);
    request.set_dry_run(dry_run);
    std::ignore = RunUntilDone(loop_, edge_.Reserve({}, request));
  }
  absl::Status Settle(int number) {
    quota_pb::SettleRequest request;
    Name(number, *request.mutable_key());
    return RunUntilDone(loop_, edge_.Settle({}, request)).status();
  }
  void Release(int number) {
    quota_pb::ReleaseRequest request;
    Name(number, *request.mutable_key());
    asio::co_spawn(loop_, edge_.Release({}, request), asio::detached);
  }
  void Drain() {
    loop_.restart();
    while (loop_.poll() > 0) loop_.restart();
  }
  // What is announced after a loss in the organisation, without the question for leases.
  std::vector<quota_pb::AnnounceRequest> Lose(const std::string& organization) {
    service_.announced.clear();
    service_.losses.Publish(organization);
    Drain();
    EXPECT_FALSE(service_.announced.empty());
    if (service_.announced.empty()) return {};
    EXPECT_TRUE(service_.announced.front().attempts().empty()) << "leases are asked for first";
    EXPECT_EQ(service_.announced.front().organization(), organization);
    return {service_.announced.begin() + 1, service_.announced.end()};
  }

  asio::io_context loop_{1};
  testing::FakeClock clock_;
  testing::FakeTimers timers_{clock_};
  Service service_;
  AnnouncingQuota edge_{service_, timers_};
};

TEST_F(AnnouncingQuotaTest, NamesWhatIsUnderWayInTheOrganisation) {
  Begin(1);
  Begin(2, "other");
  const auto told = Lose("acme");
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].organization(), "acme");
  ASSERT_THAT(told[0].attempts(), SizeIs(1));
  EXPECT_EQ(told[0].attempts(0).key().request_id(), fmt::format("{:032x}", 1));
  EXPECT_THAT(Lose(""), SizeIs(2)) << "everything";
}

TEST_F(AnnouncingQuotaTest, ForgetsWhatIsSettledOrReleasedOrWasNeverHeld) {
  for (int i = 1; i <= 3; ++i) Begin(i);
  Begin(4, "acme", /*dry_run=*/true);
  service_.reserve = status::ResourceExhausted("full");
  Begin(5);
  EXPECT_EQ(edge_.under_way(), 3U);
  EXPECT_THAT(Settle(1), IsOk());
  Release(2);
  Drain();
  service_.settled = status::Unavailable("away");
  EXPECT_FALSE(Settle(3).ok());
  EXPECT_EQ(edge_.under_way(), 1U) << "a settlement that is not taken is sent again";
  service_.settled = status::InvalidArgument("never");
  EXPECT_FALSE(Settle(3).ok());
  EXPECT_EQ(edge_.under_way(), 0U);
  EXPECT_THAT(Lose(""), IsEmpty());
}

TEST_F(AnnouncingQuotaTest, DeclaresWhatTheHoldCovers) {
  service_.reserve->set_output_tokens_cap(100);
  Begin(1);
  EXPECT_EQ(Lose("acme").at(0).attempts(0).estimate().output_tokens_declared(), 100);
  quota_pb::ExtendRequest extend;
  Name(1, *extend.mutable_key());
  extend.set_output_tokens_wanted(300);
  EXPECT_THAT(RunUntilDone(loop_, edge_.Extend({}, extend)), IsOk());
  EXPECT_EQ(Lose("acme").at(0).attempts(0).estimate().output_tokens_declared(), 300);
}

TEST_F(AnnouncingQuotaTest, ManyAreNamedInSeveralCalls) {
  for (int i = 0; i < quota::kMostAnnounced + 1; ++i) Begin(i);
  std::vector<int> sizes;
  for (const auto& each : Lose("acme")) sizes.push_back(each.attempts_size());
  EXPECT_THAT(sizes, ElementsAre(quota::kMostAnnounced, 1));
}

TEST_F(AnnouncingQuotaTest, OrganisationsDoNotWaitForEachOther) {
  for (int i = 0; i < 10; ++i) Begin(i, fmt::format("org-{}", i));
  EXPECT_THAT(Lose(""), SizeIs(10));
  EXPECT_EQ(service_.most_open, 10);
}

TEST_F(AnnouncingQuotaTest, WhatIsAnnouncedWhileItIsSettledIsSettledAgain) {
  Begin(1);
  service_.settling = [this] { service_.losses.Publish("acme"); };
  EXPECT_THAT(Settle(1), testing::StatusIs(absl::StatusCode::kUnavailable,
                                           ::testing::HasSubstr("settle again")));
  EXPECT_EQ(edge_.under_way(), 1U);
  EXPECT_THAT(Settle(1), IsOk());
  EXPECT_EQ(edge_.under_way(), 0U);
}

TEST_F(AnnouncingQuotaTest, WhatIsReleasedWhileItIsAnnouncedIsReleasedAgain) {
  Begin(1);
  Begin(2);
  service_.announcing = [this] { Release(1); };
  Lose("acme");
  const std::string name = fmt::format("{:032x}", 1);
  EXPECT_THAT(service_.released, ElementsAre(name, name));
}

TEST_F(AnnouncingQuotaTest, SaysItAgainWhileItCannotBeTakenAndNotWhereItNeverWill) {
  service_.told = status::Unavailable("its counters are being rebuilt");
  service_.losses.Publish("acme");
  Drain();
  EXPECT_THAT(service_.announced, SizeIs(1));
  timers_.Advance(milliseconds(100), loop_);
  Drain();
  EXPECT_THAT(service_.announced, SizeIs(2));
  service_.told = status::Unimplemented("an older service");
  for (int i = 0; i < 5; ++i) {
    timers_.Advance(seconds(1), loop_);
    Drain();
  }
  EXPECT_THAT(service_.announced, SizeIs(3));
}

}  // namespace
}  // namespace weir::api
