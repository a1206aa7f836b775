#include "edge/edge.h"

#include <filesystem>
#include <fstream>

#include "common/testing/new_folder.h"
#include "common/testing/seeded_random.h"
#include "common/testing/status_matchers.h"
#include "edge/pipeline/outbox.h"
#include "edge/pipeline/outbox_record.h"
#include "edge/testing/fake_identity.h"
#include "edge/testing/fake_quota.h"
#include "edge/testing/fake_routing.h"
#include "edge/testing/loopback.h"
#include "tests/mock_upstream/mock_upstream.h"

namespace weir::edge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::weir::edge::testing::FakeIdentity;
using ::weir::edge::testing::FakeQuota;
using ::weir::edge::testing::FakeRouting;
using ::weir::edge::testing::LoopbackClient;
using ::weir::mock::MockUpstream;
using ::weir::testing::IsOk;
using ::weir::testing::NewFolder;
using ::weir::testing::SeededRandom;
using ::weir::testing::StatusIs;

using std::chrono::milliseconds;
using std::chrono::seconds;

// Says whom policies are for when it is told to.
class LateGuardrails final : public api::Guardrails {
 public:
  asio::awaitable<absl::StatusOr<guardrails::v1::InspectResponse>> Inspect(
      api::CallContext, guardrails::v1::InspectRequest) override {
    co_return status::Unavailable("it is not asked");
  }
  asio::awaitable<absl::StatusOr<guardrails::v1::InspectDeltaResponse>> InspectDelta(
      api::CallContext, guardrails::v1::InspectDeltaRequest) override {
    co_return status::Unavailable("it is not asked");
  }
  std::shared_ptr<api::GuardrailsEvents> Watch(guardrails::v1::WatchRequest,
                                               asio::any_io_executor executor) override {
    MutexLock lock(mutex_);
    stream_ = std::make_shared<BufferedStream<api::GuardrailsEvent>>(std::move(executor), 4);
    return stream_;
  }
  bool watched() const {
    MutexLock lock(mutex_);
    return stream_ != nullptr;
  }
  void SayNobody() {
    guardrails::v1::WatchEvent event;
    event.mutable_table()->set_version(1);
    MutexLock lock(mutex_);
    stream_->Offer(std::make_shared<const guardrails::v1::WatchEvent>(event));
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<BufferedStream<api::GuardrailsEvent>> stream_ ABSL_GUARDED_BY(mutex_);
};

// Real time: what the loops of a whole edge do between their start and their end.
class EdgeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto mock = MockUpstream::Start({});
    ASSERT_THAT(mock, IsOk());
    mock_ = *std::move(mock);
    identity_.Add("key", "acme");
    routing_.AddModel(
        "m", {routing_.AddProvider("main", fmt::format("http://127.0.0.1:{}/v1", mock_->port()))});
    config_.listeners = {{.name = "public", .port = 0}};
    config_.ops_port = 0;
    config_.loops = 1;
    config_.drain = milliseconds(100);
    config_.outbox_directory = NewFolder();
    config_.egress_allow = {"127.0.0.0/8"};
    config_.egress_allow_plaintext = true;
  }

  absl::StatusOr<std::unique_ptr<Edge>> Create() {
    const MakeLoopServices services = SharedServices(
        {.identity = identity_, .quota = quota_, .routing = routing_, .guardrails = guardrails_});
    return Edge::Create(config_, {.services =
                                      [this, services](asio::io_context& loop, Timers& timers) {
                                        loop_ = &loop;
                                        return services(loop, timers);
                                      },
                                  .workers = workers_,
                                  .clock = clock_,
                                  .random = random_,
                                  .metrics = registry_,
                                  .remark = remark_});
  }
  void Start() {
    auto created = Create();
    ASSERT_THAT(created, IsOk());
    edge_ = *std::move(created);
    edge_->Start();
    ASSERT_TRUE(Within(seconds(5), [this] { return edge_->ready(); }));
  }
  template <typename Done>
  static bool Within(Duration limit, Done done) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }
  static std::string Chat(bool stream = false) {
    const std::string body = fmt::format(
        R"({{"model":"m","stream":{},"messages":[{{"role":"user","content":"hi"}}]}})", stream);
    return fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: w\r\nAuthorization: Bearer key\r\n"
        "Content-Length: {}\r\n\r\n{}",
        body.size(), body);
  }
  static std::string Ask(uint16_t port, std::string_view request) {
    LoopbackClient client(port);
    client.Send(request);
    EXPECT_TRUE(Within(seconds(5), [&] {
      return client.ended() || client.received().find("\r\n\r\n") != std::string::npos;
    }));
    return client.Take();
  }
  std::string Ops(std::string_view path) {
    return Ask(edge_->ops_port(), fmt::format("GET {} HTTP/1.1\r\nHost: w\r\n\r\n", path));
  }

  SystemClock clock_;
  SeededRandom random_{7};
  metrics::Registry registry_;
  WorkerPool workers_{"test", 1, 100};
  FakeQuota quota_{clock_};
  FakeRouting routing_;
  FakeIdentity identity_;
  api::Guardrails* guardrails_ = nullptr;
  EdgeConfig config_;
  std::function<std::string()> remark_;
  std::unique_ptr<MockUpstream> mock_;
  asio::io_context* loop_ = nullptr;  // Of the last edge's last loop.
  std::unique_ptr<Edge> edge_;
};

TEST_F(EdgeTest, SaysWhatIsToBeKnownThoughItServes) {
  remark_ = [] { return "stale: routing is silent"; };
  Start();
  EXPECT_THAT(Ops("/readyz"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("ok\nstale: routing is silent\n")));
}

TEST_F(EdgeTest, ServesUntilItIsDrained) {
  Start();
  EXPECT_THAT(Ask(edge_->ports()[0], Chat()), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Ops("/readyz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Ops("/metrics"), HasSubstr("weir_requests_total"));
  const uint16_t port = edge_->ports()[0];
  edge_->Drain();
  EXPECT_FALSE(edge_->ready());
  EXPECT_FALSE(LoopbackClient(port).connected());
  edge_.reset();
  EXPECT_THAT(quota_.settled, SizeIs(1));
  EXPECT_TRUE(std::filesystem::is_empty(config_.outbox_directory));
}

// What the drain knows of a loop is of before the request, and the loop is late with news.
TEST_F(EdgeTest, ADrainWaitsForARequestThatCameAMomentAgo) {
  ASSERT_THAT(mock_->SetBehaviour(R"({"latency_ms": 600})"), IsOk());
  config_.drain = seconds(5);
  Start();
  LoopbackClient waiting(edge_->ports()[0]);
  waiting.Send(Chat());
  ASSERT_TRUE(Within(seconds(5), [this] { return mock_->open() == 1; }));
  asio::post(*loop_, [] { std::this_thread::sleep_for(milliseconds(300)); });
  edge_->Drain();
  EXPECT_THAT(waiting.Take(), StartsWith("HTTP/1.1 200"));
}

TEST_F(EdgeTest, ADrainCutsWhatDoesNotEnd) {
  ASSERT_THAT(mock_->SetBehaviour(R"({"never_answer": true})"), IsOk());
  Start();
  LoopbackClient waiting(edge_->ports()[0]);
  waiting.Send(Chat());
  ASSERT_TRUE(Within(seconds(5), [this] { return mock_->open() == 1; }));
  edge_->Drain();
  EXPECT_TRUE(Within(seconds(5), [&] { return waiting.ended(); }));
  edge_.reset();
  EXPECT_EQ(quota_.open_holds(), 0U);
}

// Whatever waits in a loop when it ends must not outlive what it refers to.
TEST_F(EdgeTest, MayBeDestroyedWithRequestsUnderWay) {
  for (const char* behaviour : {R"({"never_answer": true})", R"({"frame_delay_ms": 20})"}) {
    ASSERT_THAT(mock_->SetBehaviour(behaviour), IsOk());
    Start();
    std::vector<std::unique_ptr<LoopbackClient>> clients;
    for (int i = 0; i < 5; ++i) {
      clients.push_back(std::make_unique<LoopbackClient>(edge_->ports()[0]));
      clients.back()->Send(Chat(i % 2 == 0));
    }
    clients.push_back(std::make_unique<LoopbackClient>(edge_->ops_port()));
    ASSERT_TRUE(Within(seconds(5), [this] { return mock_->open() >= 3; }));
    edge_.reset();
  }
}

TEST_F(EdgeTest, MayBeDestroyedWithReservationsAndSettlementsUnderWay) {
  quota_.settle_failures = 1'000'000;
  quota_.hold_back_from = 1;
  Start();
  EXPECT_THAT(Ask(edge_->ports()[0], Chat()), StartsWith("HTTP/1.1 200"));
  LoopbackClient waiting(edge_->ports()[0]);
  waiting.Send(Chat());
  std::this_thread::sleep_for(milliseconds(50));
  edge_.reset();
  // What was spent is in the outbox, for the next start.
  auto left = AdoptOutboxes(config_.outbox_directory);
  ASSERT_THAT(left, IsOk());
  ASSERT_THAT(*left, SizeIs(1));
  EXPECT_THAT(left->front().settlements, SizeIs(1));
  left->front().discard();
}

TEST_F(EdgeTest, MayBeDestroyedBeforeItWasStarted) {
  auto created = Create();
  ASSERT_THAT(created, IsOk());
}

TEST_F(EdgeTest, AnAddressInUseIsNamed) {
  Start();
  config_.listeners[0].port = edge_->ports()[0];
  config_.listeners[0].host = "192.0.2.1";
  EXPECT_THAT(Create(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("'public'")));
}

TEST_F(EdgeTest, SettlesWhatAnEarlierProcessLeftBeforeItAccepts) {
  edge::v1::OutboxRecord record;
  record.mutable_intent()->mutable_key()->set_request_id("left");
  record.mutable_intent()->mutable_key()->set_attempt(1);
  record.mutable_intent()->set_input_tokens_likely(12);
  record.mutable_intent()->set_requests(1);
  std::string frames;
  AppendFrame(record, frames);
  std::ofstream(config_.outbox_directory + "/dead.0000000001.outbox") << frames;
  quota_.settle_failures = 1;
  auto created = Create();
  ASSERT_THAT(created, IsOk());
  edge_ = *std::move(created);
  edge_->Start();
  EXPECT_THAT(Ops("/readyz"), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(Ops("/livez"), StartsWith("HTTP/1.1 200"));
  ASSERT_TRUE(Within(seconds(5), [this] { return edge_->ready(); }));
  edge_.reset();
  ASSERT_THAT(quota_.settled, SizeIs(1));
  EXPECT_EQ(quota_.settled[0].key().request_id(), "left");
  EXPECT_EQ(quota_.settled[0].usage().input_uncached_tokens(), 12);
  EXPECT_FALSE(std::filesystem::exists(config_.outbox_directory + "/dead.0000000001.outbox"));
}

TEST_F(EdgeTest, WhoComesBeforeTheRulesAreKnownWaitsAndIsServed) {
  LateGuardrails late;
  guardrails_ = &late;
  auto created = Create();
  ASSERT_THAT(created, IsOk());
  edge_ = *std::move(created);
  edge_->Start();
  ASSERT_TRUE(Within(seconds(5), [&] { return late.watched(); }));
  LoopbackClient client(edge_->ports()[0]);
  client.Send(Chat());
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(client.received(), "");
  EXPECT_FALSE(edge_->ready());
  late.SayNobody();
  EXPECT_TRUE(Within(seconds(5), [&] { return client.received().starts_with("HTTP/1.1 200"); }));
  EXPECT_TRUE(Within(seconds(5), [this] { return edge_->ready(); }));
  edge_.reset();
}

TEST_F(EdgeTest, WithoutRulesTheDoorOpensInTheEndAndNobodyIsLetIn) {
  LateGuardrails late;
  guardrails_ = &late;
  auto created = Create();
  ASSERT_THAT(created, IsOk());
  edge_ = *std::move(created);
  edge_->Start();
  EXPECT_THAT(Ask(edge_->ports()[0], Chat()), StartsWith("HTTP/1.1 503"));
  EXPECT_FALSE(edge_->ready());
  EXPECT_EQ(mock_->sums().all.requests, 0);
  edge_.reset();
}

TEST_F(EdgeTest, LoopsListenOnOnePort) {
  config_.loops = 2;
  auto created = Create();
  ASSERT_THAT(created, IsOk());
  EXPECT_THAT((*created)->ports(), SizeIs(1));
}

}  // namespace
}  // namespace weir::edge
