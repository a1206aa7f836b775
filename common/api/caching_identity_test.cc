#include "common/api/caching_identity.h"

#include <gtest/gtest.h>

#include <map>

#include "common/status/detail.h"
#include "common/testing/fake_timers.h"
#include "common/testing/seeded_random.h"
#include "common/testing/status_matchers.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::api {
namespace {

using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

// An identity whose answers the test gives, when it likes.
class FakeIdentity final : public Identity {
 public:
  using Response = absl::StatusOr<identity_pb::AuthenticateResponse>;

  asio::awaitable<Response> Authenticate(CallContext,
                                         identity_pb::AuthenticateRequest request) override {
    ++asked;
    // What it reads now is what it answers, however late.
    auto found = answers.find(request.api_key());
    Response response = found == answers.end() ? status::Unavailable("down") : found->second;
    if (found != answers.end() && before_answer) before_answer();
    if (delay > Duration::zero()) co_await SleepFor(*timers, delay);
    co_return response;
  }
  std::shared_ptr<EventStream<identity_pb::WatchEvent>> Watch(
      identity_pb::WatchRequest request, asio::any_io_executor executor) override {
    watched_after.push_back(request.after_sequence());
    stream = std::make_shared<BufferedStream<identity_pb::WatchEvent>>(executor, 100);
    Tell([](auto&) {}, 0);
    return stream;
  }

  template <typename Fill>
  void Tell(Fill fill, uint64_t step) {
    sequence += step;
    identity_pb::WatchEvent event;
    event.set_sequence(sequence);
    fill(event);
    if (step == 0) event.mutable_heartbeat();
    stream->Offer(event);
  }
  void Heartbeat() {
    Tell([](auto&) {}, 0);
  }
  void KeyChanged(const std::string& public_id) {
    Tell([&](auto& event) { event.mutable_key_changed()->set_key_public_id(public_id); }, 1);
  }
  void Accept(const std::string& key, const std::string& public_id) {
    identity_pb::AuthenticateResponse response;
    response.set_sequence(sequence);
    response.mutable_principal()->set_organization("acme");
    response.mutable_principal()->set_key_public_id(public_id);
    answers[key] = response;
  }
  void Refuse(const std::string& key) {
    identity_pb::AuthenticateResponse read;
    read.set_sequence(sequence);
    weir::common::v1::AuthFailure failure;
    failure.set_reason(weir::common::v1::AuthFailure::REASON_UNKNOWN);
    answers[key] =
        status::WithDetail(status::WithDetail(status::Unauthenticated("no"), failure), read);
  }

  Timers* timers = nullptr;
  std::map<std::string, Response> answers;  // By key; none: kUnavailable.
  std::function<void()> before_answer;
  Duration delay = Duration::zero();
  uint64_t sequence = 10;
  int asked = 0;
  std::vector<uint64_t> watched_after;
  std::shared_ptr<BufferedStream<identity_pb::WatchEvent>> stream;
};

class CachingIdentityTest : public ::testing::Test {
 protected:
  using Result = std::optional<absl::StatusOr<CachingIdentity::Resolved>>;

  CachingIdentityTest() {
    inner_.timers = &timers_;
    asio::co_spawn(loop_, cached_.Run(), asio::detached);
    Pass(0s);
  }
  // A stream and the coroutine that waits for it hold each other.
  ~CachingIdentityTest() override { inner_.stream->End(); }
  void Pass(Duration time) { timers_.Advance(time, loop_); }
  // Time passes with the heartbeats that belong to it.
  void PassAlive(Duration time) {
    for (; time > Duration::zero(); time -= 250ms) {
      Pass(250ms);
      inner_.Heartbeat();
      Pass(0s);
    }
  }
  std::shared_ptr<Result> Start(std::string key, CallContext call = {}) {
    auto result = std::make_shared<Result>();
    asio::co_spawn(loop_, cached_.Resolve(call, std::move(key)),
                   [result](std::exception_ptr, absl::StatusOr<CachingIdentity::Resolved> got) {
                     result->emplace(std::move(got));
                   });
    Pass(0s);
    return result;
  }
  absl::StatusOr<CachingIdentity::Resolved> Resolve(const std::string& key) {
    auto result = Start(key);
    if (!result->has_value()) return status::Internal("still waiting");
    return **result;
  }

  asio::io_context loop_;
  testing::FakeClock clock_;
  testing::FakeTimers timers_{clock_};
  testing::SeededRandom random_{1};
  FakeIdentity inner_;
  CachingIdentity cached_{{}, {.inner = inner_, .timers = timers_, .random = random_}};
};

TEST_F(CachingIdentityTest, AsksOnceAndThenRemembers) {
  inner_.Accept("key", "k1");
  EXPECT_EQ(cached_.FindFresh("key"), nullptr);
  const auto resolved = Resolve("key");
  ASSERT_THAT(resolved, IsOk());
  EXPECT_FALSE(resolved->stale);
  EXPECT_EQ(resolved->principal->key_public_id(), "k1");
  EXPECT_EQ(cached_.FindFresh("key"), resolved->principal);
  EXPECT_EQ(cached_.FindFresh("key2"), nullptr);
  ASSERT_THAT(Resolve("key"), IsOk());
  EXPECT_EQ(inner_.asked, 1);
}

TEST_F(CachingIdentityTest, AnswersAsIdentityDoes) {
  inner_.Accept("key", "k1");
  identity_pb::AuthenticateRequest request;
  request.set_api_key("key");
  FakeIdentity::Response got = status::Internal("nothing yet");
  asio::co_spawn(loop_, cached_.Authenticate({}, request),
                 [&](std::exception_ptr, FakeIdentity::Response response) { got = response; });
  Pass(0s);
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->principal().organization(), "acme");
  EXPECT_EQ(got->sequence(), 10u);
}

TEST_F(CachingIdentityTest, ARevokedKeyIsAskedForAgain) {
  inner_.Accept("key", "k1");
  ASSERT_THAT(Resolve("key"), IsOk());
  inner_.KeyChanged("k1");
  inner_.Refuse("key");
  Pass(0s);
  EXPECT_EQ(cached_.FindFresh("key"), nullptr);
  EXPECT_THAT(Resolve("key"), StatusIs(absl::StatusCode::kUnauthenticated, "no"));
}

TEST_F(CachingIdentityTest, ARefusalIsRememberedForFiveSeconds) {
  inner_.Refuse("key");
  const auto refused = Resolve("key");
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_EQ(status::Detail<weir::common::v1::AuthFailure>(refused.status())->reason(),
            weir::common::v1::AuthFailure::REASON_UNKNOWN);
  PassAlive(4750ms);
  EXPECT_THAT(Resolve("key"), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_EQ(inner_.asked, 1);
  PassAlive(250ms);
  EXPECT_THAT(Resolve("key"), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_EQ(inner_.asked, 2);
}

TEST_F(CachingIdentityTest, ANewKeyWorksAtOnceAlthoughItWasRefusedBefore) {
  inner_.Refuse("key");
  EXPECT_FALSE(Resolve("key").ok());
  inner_.KeyChanged("k1");
  inner_.Accept("key", "k1");
  Pass(0s);
  EXPECT_THAT(Resolve("key"), IsOk());
}

TEST_F(CachingIdentityTest, CallersWithOneKeyWaitForOneQuestion) {
  inner_.Accept("key", "k1");
  inner_.delay = 10ms;
  std::vector<std::shared_ptr<Result>> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(Start("key"));
  auto other = Start("other");
  EXPECT_EQ(inner_.asked, 2);
  Pass(10ms);
  for (const auto& each : waiting) {
    ASSERT_TRUE(each->has_value());
    EXPECT_THAT(**each, IsOk());
  }
  EXPECT_THAT(**other, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(inner_.asked, 2);
}

TEST_F(CachingIdentityTest, ACallerWaitsNoLongerThanItsDeadline) {
  inner_.Accept("key", "k1");
  inner_.delay = 500ms;
  auto hasty = Start("key", {.deadline = clock_.Monotonic() + 100ms});
  auto patient = Start("key");
  Pass(100ms);
  ASSERT_TRUE(hasty->has_value());
  EXPECT_THAT(**hasty, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_FALSE(patient->has_value());
  Pass(400ms);
  ASSERT_TRUE(patient->has_value());
  EXPECT_THAT(**patient, IsOk());
}

TEST_F(CachingIdentityTest, AnAnswerFromBeforeAnEventIsAskedForAgain) {
  inner_.Accept("key", "k1");
  // The key is revoked after identity read it, and the event overtakes the answer.
  inner_.delay = 1ms;
  inner_.before_answer = [this] {
    inner_.before_answer = nullptr;
    inner_.KeyChanged("k1");
    inner_.Refuse("key");
  };
  auto result = Start("key");
  Pass(1ms);
  EXPECT_FALSE(result->has_value());
  Pass(1ms);
  ASSERT_TRUE(result->has_value());
  EXPECT_THAT(**result, StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_EQ(inner_.asked, 2);
}

TEST_F(CachingIdentityTest, ARefusalFromBeforeAnEventIsAskedForAgain) {
  inner_.Refuse("key");
  inner_.delay = 1ms;
  inner_.before_answer = [this] {
    inner_.before_answer = nullptr;
    inner_.KeyChanged("k1");
    inner_.Accept("key", "k1");
  };
  auto result = Start("key");
  Pass(2ms);
  ASSERT_TRUE(result->has_value());
  EXPECT_THAT(**result, IsOk());
}

TEST_F(CachingIdentityTest, AnIdentityThatNeverCatchesUpIsGivenUp) {
  inner_.Accept("key", "k1");
  inner_.KeyChanged("k1");  // Its answer stays at the number before.
  Pass(0s);
  EXPECT_THAT(Resolve("key"), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("faster")));
  EXPECT_EQ(inner_.asked, 3);
  EXPECT_EQ(cached_.FindFresh("key"), nullptr);
}

TEST_F(CachingIdentityTest, AKnownKeyGoesOnForTheGraceWhileIdentityIsDown) {
  inner_.Accept("key", "k1");
  ASSERT_THAT(Resolve("key"), IsOk());
  inner_.answers.clear();
  Pass(2s);  // No heartbeat: in doubt.
  EXPECT_EQ(cached_.FindFresh("key"), nullptr);
  auto resolved = Resolve("key");
  ASSERT_THAT(resolved, IsOk());
  EXPECT_TRUE(resolved->stale);
  EXPECT_EQ(inner_.asked, 2);
  EXPECT_THAT(Resolve("new"), StatusIs(absl::StatusCode::kUnavailable));
  Pass(57s);
  EXPECT_THAT(Resolve("key"), IsOk());
  Pass(1500ms);
  EXPECT_THAT(Resolve("key"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(CachingIdentityTest, ARevokedKeyHasNoGrace) {
  inner_.Accept("key", "k1");
  ASSERT_THAT(Resolve("key"), IsOk());
  inner_.KeyChanged("k1");
  inner_.answers.clear();
  Pass(0s);
  EXPECT_THAT(Resolve("key"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(CachingIdentityTest, WhileIdentityIsDownItIsNotAskedForEveryCall) {
  inner_.Accept("key", "k1");
  ASSERT_THAT(Resolve("key"), IsOk());
  inner_.answers.clear();
  Pass(2s);
  inner_.asked = 0;
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(Resolve("key")->stale);
  EXPECT_EQ(inner_.asked, 1);
  Pass(250ms);
  EXPECT_TRUE(Resolve("key")->stale);
  EXPECT_EQ(inner_.asked, 2);
}

TEST_F(CachingIdentityTest, AKnownCallerDoesNotWaitForAnIdentityThatHangs) {
  inner_.Accept("key", "k1");
  ASSERT_THAT(Resolve("key"), IsOk());
  Pass(2s);
  inner_.delay = 1s;
  auto result = Start("key");
  Pass(199ms);
  EXPECT_FALSE(result->has_value());
  Pass(1ms);
  ASSERT_TRUE(result->has_value());
  EXPECT_TRUE((*result)->value().stale);
  Pass(1s);
  inner_.Heartbeat();
  Pass(0s);
  EXPECT_NE(cached_.FindFresh("key"), nullptr);
}

TEST_F(CachingIdentityTest, QuestionsUnderWayAreBounded) {
  CachingIdentity narrow({.max_asking = 2},
                         {.inner = inner_, .timers = timers_, .random = random_});
  inner_.delay = 1s;
  std::vector<absl::StatusCode> ended;
  for (const char* key : {"a", "b", "c"}) {
    asio::co_spawn(loop_, narrow.Resolve({}, key),
                   [&](std::exception_ptr, absl::StatusOr<CachingIdentity::Resolved> got) {
                     ended.push_back(got.status().code());
                   });
  }
  Pass(0s);
  EXPECT_THAT(ended, ::testing::ElementsAre(absl::StatusCode::kUnavailable));
  Pass(1s);
  EXPECT_EQ(ended.size(), 3u);
}

TEST_F(CachingIdentityTest, WatchesAgainWhenTheStreamEndsAndTrustsWhatItKnewIfNothingWasMissed) {
  inner_.Accept("key", "k1");
  ASSERT_THAT(Resolve("key"), IsOk());
  inner_.stream->End();
  Pass(100ms);
  EXPECT_THAT(inner_.watched_after, ::testing::ElementsAre(0u, 10u));
  EXPECT_NE(cached_.FindFresh("key"), nullptr);
  inner_.stream->End();
  inner_.sequence = 12;
  Pass(100ms);
  EXPECT_EQ(cached_.FindFresh("key"), nullptr);
}

}  // namespace
}  // namespace weir::api
