#include "edge/pipeline/recovery.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/async/loop_context.h"
#include "common/testing/fake_timers.h"
#include "common/testing/new_folder.h"
#include "common/testing/scoped_log.h"
#include "common/testing/status_matchers.h"
#include "edge/testing/fake_quota.h"
#include "edge/testing/loopback.h"

namespace weir::edge {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FakeQuota;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::PumpUntil;
using ::testing::SizeIs;
using ::weir::testing::IsOk;
using weir::testing::NewFolder;

using std::chrono::milliseconds;
using std::chrono::seconds;

class RecoveryTest : public ::testing::Test {
 protected:
  ~RecoveryTest() override { loop_.Abandon(); }

  // An edge that died with these attempts open.
  void Dies(const std::string& instance, const std::vector<std::string>& requests) {
    auto outbox = Outbox::Open({.directory = folder_, .instance = instance});
    ASSERT_THAT(outbox, IsOk());
    for (const std::string& each : requests) {
      edge::v1::OutboxRecord::Intent intent;
      intent.mutable_key()->set_request_id(each);
      intent.mutable_key()->set_attempt(1);
      intent.mutable_subjects()->set_organization("acme");
      intent.set_input_tokens_likely(100);
      ASSERT_THAT((*outbox)->Intend(intent), IsOk());
    }
    testing::Settle(loop_);
  }
  void Start(Duration wait = seconds(5)) { asio::co_spawn(loop_, All(wait), asio::detached); }
  asio::awaitable<void> All(Duration wait) {
    co_await recovery_.SettleFirst(wait);
    accepts_ = true;
    co_await recovery_.Run();
  }
  // Virtual time passes until `done`, at most `limit` of it.
  template <typename Done>
  bool Within(Duration limit, Done done) {
    for (Duration passed{}; passed <= limit; passed += milliseconds(10)) {
      timers_.Advance(milliseconds(10), loop_);
      if (done()) return true;
      std::this_thread::sleep_for(milliseconds(1));  // A worker reads the files.
    }
    return false;
  }
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& each : std::filesystem::directory_iterator(folder_)) {
      names.push_back(each.path().filename());
    }
    return names;
  }
  std::vector<std::string> Settled() const {
    std::vector<std::string> names;
    for (const auto& each : quota_.settled) names.push_back(each.key().request_id());
    std::ranges::sort(names);
    return names;
  }

  LoopContext loop_;
  ::weir::testing::ScopedLog log_;
  ::weir::testing::FakeClock clock_;
  ::weir::testing::FakeTimers timers_{clock_};
  metrics::Registry registry_;
  FakeQuota quota_{clock_};
  const std::string folder_ = NewFolder();
  Quarantine refused_{folder_, registry_};
  WorkerPool workers_{"recovery-test", 1, 10};
  Recovery recovery_{{folder_, quota_, refused_, workers_, timers_}};
  bool accepts_ = false;
};

TEST_F(RecoveryTest, WhatIsThereAtTheStartIsSettledBeforeAnythingIsAccepted) {
  Dies("one", {"a", "b"});
  Dies("two", {"c"});
  Start();
  ASSERT_TRUE(Within(seconds(1), [this] { return accepts_; }));
  EXPECT_THAT(Settled(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(RecoveryTest, AnEdgeThatDiesMeanwhileIsFound) {
  Start();
  ASSERT_TRUE(Within(seconds(1), [this] { return accepts_; }));
  Dies("other", {"a"});
  ASSERT_TRUE(Within(seconds(15), [this] { return Files().empty(); }));
  EXPECT_THAT(Settled(), ElementsAre("a"));
}

TEST_F(RecoveryTest, AnEdgeThatLivesIsLeftAlone) {
  auto living = Outbox::Open({.directory = folder_, .instance = "living"});
  ASSERT_THAT(living, IsOk());
  Start();
  EXPECT_FALSE(Within(seconds(25), [this] { return !quota_.settled.empty(); }));
  EXPECT_THAT(Files(), SizeIs(2));
}

TEST_F(RecoveryTest, ALedgerThatComesLateIsWaitedFor) {
  Dies("one", {"a", "b"});
  quota_.settle_failures = 3;
  Start();
  ASSERT_TRUE(Within(seconds(5), [this] { return accepts_; }));
  EXPECT_THAT(Settled(), ElementsAre("a", "b"));
}

TEST_F(RecoveryTest, ALedgerThatIsOutDoesNotKeepTheGatewayFromStarting) {
  Dies("one", {"a", "b"});
  quota_.settle_failures = 1'000;
  Start();
  ASSERT_TRUE(Within(seconds(7), [this] { return accepts_; }));
  EXPECT_THAT(Settled(), IsEmpty());
  EXPECT_EQ(recovery_.waiting(), 2U);
  EXPECT_THAT(Files(), SizeIs(2)) << "what is not settled stays";
  quota_.settle_failures = 0;
  ASSERT_TRUE(Within(seconds(5), [this] { return recovery_.waiting() == 0; }));
  EXPECT_THAT(Settled(), ElementsAre("a", "b"));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(RecoveryTest, WhatIsRefusedForGoodIsSetAside) {
  Dies("one", {"a", "bad", "c"});
  quota_.refuses_to_settle = [](const auto& each) { return each.key().request_id() == "bad"; };
  Start();
  ASSERT_TRUE(Within(seconds(1), [this] { return accepts_; }));
  EXPECT_THAT(Settled(), ElementsAre("a", "c"));
  ASSERT_THAT(Files(), ElementsAre("refused.jsonl"));
  std::ifstream file(folder_ + "/refused.jsonl");
  std::string line;
  std::getline(file, line);
  EXPECT_THAT(line, AllOf(HasSubstr(R"("reason":"usage is malformed")"),
                          HasSubstr(R"("request_id":"bad")"), HasSubstr("OUTCOME_RECOVERED")));
  EXPECT_THAT(log_.WithEvent("edge.settle.refused"), ElementsAre(HasSubstr(R"("level":"error")")));
  EXPECT_THAT(registry_.Render(), HasSubstr("weir_settlements_refused_total 1"));
}

TEST_F(RecoveryTest, ManyAreSettledAtOnce) {
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) names.push_back(std::to_string(i));
  Dies("one", names);
  quota_.settles_slowly = true;
  Start();
  ASSERT_TRUE(Within(seconds(5), [this] { return accepts_; }));
  EXPECT_EQ(quota_.most_settles_in_flight, 256) << "bounded, whatever there is";
  EXPECT_THAT(quota_.settled, SizeIs(300));
  EXPECT_THAT(Files(), IsEmpty());
}

}  // namespace
}  // namespace weir::edge
