// What only the process that has the core sees of it.
#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "common/testing/fake_clock.h"
#include "common/testing/fake_timers.h"
#include "common/testing/run.h"
#include "services/guardrails/guardrails_for_test.h"

namespace weir::guardrails {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::RunUntilDone;
using ::weir::testing::StatusIs;

class GuardrailsCoreTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::InspectResponse> Inspect(v1::InspectRequest request,
                                              api::CallContext call = {}) {
    return RunUntilDone(loop_, service_.Inspect(call, std::move(request)));
  }
  void Store(const v1::GuardrailPolicy& policy) {
    ASSERT_THAT(store_.Put(ToStored(policy), {.read_at = *store_.Sequence(), .actor = "t"}),
                IsOk());
    ASSERT_THAT(service_.Refresh(), IsOk());
  }
  api::GuardrailsEvent Next(api::GuardrailsEvents& events) {
    const auto event = RunUntilDone(loop_, events.Next());
    EXPECT_THAT(event, IsOk());
    return event.ok() ? *event : nullptr;
  }

  testing::FakeClock clock_;
  testing::FakeTimers timers_{clock_};
  asio::io_context loop_;
  MemoryPolicyStore store_;
  WorkerPool workers_{"guard-test", 1, 1};
  GuardrailsService service_{GuardrailsConfig(),
                             {.store = store_,
                              .workers = workers_,
                              .clock = clock_,
                              .hash_secret = "a secret of the test"}};
};

TEST_F(GuardrailsCoreTest, NothingIsJudgedBeforeThePoliciesAreRead) {
  EXPECT_THAT(Inspect(GuardrailsForTest::Asked({}, "x")),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("not read yet")));
  ASSERT_THAT(service_.Load(), IsOk());
  EXPECT_THAT(Inspect(GuardrailsForTest::Asked({}, "x")), IsOk());
}

TEST_F(GuardrailsCoreTest, NobodyIsAnsweredWhoDoesNotWaitAnyMore) {
  ASSERT_THAT(service_.Load(), IsOk());
  EXPECT_THAT(Inspect(GuardrailsForTest::Asked({}, "x"), {.deadline = clock_.Monotonic()}),
              StatusIs(absl::StatusCode::kDeadlineExceeded, ::testing::_));
}

TEST_F(GuardrailsCoreTest, LongTextsThatDoNotFitIntoTheQueueAreRefusedAndShortOnesAreNot) {
  Store(PolicyOf("pii", {EntityRule("mail", "mask", {"EMAIL"})}));
  std::promise<void> go_on;
  std::shared_future<void> may_go_on = go_on.get_future().share();
  std::promise<void> is_busy;
  ASSERT_TRUE(workers_.TryPost([&is_busy, may_go_on] {
    is_busy.set_value();
    may_go_on.wait();
  }));
  is_busy.get_future().wait();
  ASSERT_TRUE(workers_.TryPost([] {}));
  const std::string longer(GuardrailsService::kInlineBytes + 1, 'x');
  EXPECT_THAT(Inspect(GuardrailsForTest::Asked({"pii"}, longer)),
              StatusIs(absl::StatusCode::kUnavailable, ::testing::_));
  EXPECT_THAT(Inspect(GuardrailsForTest::Asked({"pii"}, longer.substr(1))), IsOk());
  go_on.set_value();
}

TEST_F(GuardrailsCoreTest, WatchersHearEachSecondThatTheTableIsTheirs) {
  Store(PolicyOf("pii", {EntityRule("mail", "mask", {"EMAIL"})}));
  asio::co_spawn(loop_, service_.RunHeartbeats(timers_, std::chrono::seconds(1)), asio::detached);
  const auto events = service_.Watch({}, loop_.get_executor());
  EXPECT_TRUE(Next(*events)->has_table());
  timers_.Advance(std::chrono::seconds(1), loop_);
  EXPECT_EQ(Next(*events)->heartbeat(), 1u);
  Store(PolicyOf("more", {EntityRule("mail", "mask", {"EMAIL"})}));
  EXPECT_EQ(Next(*events)->table().version(), 2u);
  timers_.Advance(std::chrono::seconds(1), loop_);
  EXPECT_EQ(Next(*events)->heartbeat(), 2u);
  service_.Close();
  EXPECT_THAT(RunUntilDone(loop_, events->Next()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("over")));
  loop_.stop();
}

TEST_F(GuardrailsCoreTest, AWatcherThatCameBeforeTheFirstTableHasItThen) {
  const auto events = service_.Watch({}, loop_.get_executor());
  ASSERT_THAT(service_.Load(), IsOk());
  EXPECT_EQ(Next(*events)->table().version(), 0u);
}

TEST_F(GuardrailsCoreTest, WhatDidNotChangeIsNotCompiledAgain) {
  Store(PolicyOf("a", {PatternRule("r", "mask", "ID", "ID-[0-9]+")}));
  const auto find = [this](const std::string& name) {
    return (*service_.Policies()->Find(std::string(kAcme), std::vector<std::string>{name}))[0];
  };
  const auto before = find("a");
  Store(PolicyOf("b", {EntityRule("mail", "mask", {"EMAIL"})}));
  EXPECT_EQ(find("a"), before);
  Store(PolicyOf("a", {PatternRule("r", "redact", "ID", "ID-[0-9]+")}));
  EXPECT_NE(find("a"), before);
  EXPECT_EQ(find("a")->rules[0].pattern, before->rules[0].pattern);
}

TEST_F(GuardrailsCoreTest, ManyAskWhilePoliciesChange) {
  const auto masks = PolicyOf("a", {EntityRule("mail", "mask", {"EMAIL"})});
  auto redacts = PolicyOf("a", {EntityRule("mail", "redact", {"EMAIL"})});
  redacts.mutable_rules(0)->add_roles("user");
  Store(masks);
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0, judged = 0;
  const auto ask = [&] {
    asio::io_context loop;
    while (!done) {
      const auto request = GuardrailsForTest::Asked({"a"}, "a@b.io");
      const auto response = RunUntilDone(loop, service_.Inspect({}, request));
      const std::string text = response.ok() ? GuardrailsForTest::Edited(request, *response) : "";
      wrong += text != "[[EMAIL-1]]" && text != "[EMAIL]";
      ++judged;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(ask);
  for (int i = 0; i < 50 || judged < 100; ++i) Store(i % 2 == 0 ? redacts : masks);
  done = true;
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(GuardrailsCoreTest, APolicyNamedTwiceIsOne) {
  Store(PolicyOf("a", {EntityRule("mail", "flag", {"EMAIL"})}));
  const auto response = Inspect(GuardrailsForTest::Asked({"a", "a"}, "a@b.io"));
  ASSERT_THAT(response, IsOk());
  EXPECT_THAT(response->findings(), ::testing::SizeIs(1));
  v1::InspectRequest many = GuardrailsForTest::Asked({}, "x");
  for (int i = 0; i < 65; ++i) many.add_policies("a");
  EXPECT_THAT(Inspect(many),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("names 65 policies")));
}

}  // namespace
}  // namespace weir::guardrails
