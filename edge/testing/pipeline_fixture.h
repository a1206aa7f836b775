#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/async/loop_context.h"
#include "common/testing/fake_timers.h"
#include "common/testing/new_folder.h"
#include "common/testing/scoped_log.h"
#include "common/testing/seeded_random.h"
#include "common/testing/status_matchers.h"
#include "edge/http/chunked.h"
#include "edge/http/listener.h"
#include "edge/pipeline/pipeline.h"
#include "edge/testing/fake_cache.h"
#include "edge/testing/fake_guardrails.h"
#include "edge/testing/fake_identity.h"
#include "edge/testing/fake_quota.h"
#include "edge/testing/fake_routing.h"
#include "edge/testing/loopback.h"
#include "tests/mock_upstream/mock_upstream.h"

namespace weir::edge::testing {

// An answer as a client reads it, its chunks put together.
struct ClientAnswer {
  int status = 0;
  std::string head;  // In small letters where we wrote it.
  std::string body;
  bool whole = false;  // It ended as its framing says.
};

// Reads one answer from the front of `received`, once it is whole or the connection has `ended`.
inline std::optional<ClientAnswer> ReadAnswer(const std::string& received, bool ended) {
  const size_t end = received.find("\r\n\r\n");
  if (end == std::string::npos)
    return ended ? std::optional<ClientAnswer>(ClientAnswer{}) : std::nullopt;
  ClientAnswer answer;
  answer.head = received.substr(0, end + 2);
  answer.status = std::stoi(received.substr(9, 3));
  std::string_view rest = std::string_view(received).substr(end + 4);
  if (answer.head.find("transfer-encoding: chunked") != std::string::npos) {
    ChunkedDecoder chunks;
    answer.whole = chunks.Decode(rest, answer.body).ok() && chunks.done();
  } else if (const size_t at = answer.head.find("content-length: "); at != std::string::npos) {
    const size_t length = std::stoul(answer.head.substr(at + 16));
    answer.body = rest.substr(0, length);
    answer.whole = rest.size() >= length;
  } else {
    answer.body = rest;
    answer.whole = ended || answer.status == 204;
  }
  if (!answer.whole && !ended) return std::nullopt;
  return answer;
}

// The whole pipeline between a client's socket and an upstream's, on one thread and virtual time,
// with fake services around it; guardrails and a cache where a test adds policies of theirs. At the
// end of each test every hold and every lead must have ended, and every dispatched attempt must
// have been settled once.
class PipelineFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    auto mock = mock::MockUpstream::Start({}, loop_);
    ASSERT_THAT(mock, ::weir::testing::IsOk());
    mock_ = *std::move(mock);
    identity_.Add("acme-key", "acme");
    main_ = routing_.AddProvider("main", MockUrl());
    routing_.AddModel("m", {main_});
  }
  ~PipelineFixture() override { loop_.Abandon(); }

  void TearDown() override {
    if (listener_ == nullptr) return;
    client_.reset();
    listener_->CloseAll();
    Advance(std::chrono::milliseconds(250));  // Answers under way notice.
    EXPECT_TRUE(PumpUntil(loop_, [this] { return listener_->connections() == 0; }));
    EXPECT_TRUE(PumpUntil(loop_, [this] { return settlements_->unacknowledged() == 0; }));
    EXPECT_EQ(quota_.open_holds(), 0U) << "a hold was neither settled nor released";
    EXPECT_EQ(quota_.duplicates, 0) << "an attempt was settled twice";
    std::set<std::string> ended;
    for (const auto& each : quota_.settled)
      EXPECT_TRUE(ended.insert(AttemptName(each.key())).second);
    for (const auto& each : quota_.released)
      EXPECT_TRUE(ended.insert(AttemptName(each.key())).second);
    EXPECT_TRUE(PumpUntil(loop_, [this] { return cache_.open_leases() == 0; }))
        << "a lead was neither recorded nor given up";
    EXPECT_EQ(outbox_->open(), 0U) << "an attempt stayed open in the outbox";
    EXPECT_EQ(metrics_.in_flight, 0);
  }

  std::string MockUrl() const { return fmt::format("http://127.0.0.1:{}/v1", mock_->port()); }
  void Behave(std::string_view json) {
    ASSERT_THAT(mock_->SetBehaviour(json), ::weir::testing::IsOk());
  }

  // Adds guardrails with a policy for everybody of acme. Before Start, or followed by Publish.
  guardrails::v1::PolicyEntry& AddGuard(const std::string& name = "words") {
    has_guardrails_ = true;
    guardrails_.table.set_version(guardrails_.table.version() + 1);
    guardrails::v1::PolicyEntry& policy = *guardrails_.table.add_policies();
    policy.set_organization("acme");
    policy.set_name(name);
    policy.add_attachments()->set_level(common::v1::Attachment::LEVEL_ORGANIZATION);
    policy.set_requests(true);
    policy.set_responses(true);
    policy.set_version(1);
    return policy;
  }
  // The same with a cache.
  api::cache_pb::PolicyEntry& AddCache(const std::string& name = "faq") {
    cache_.has_table = true;
    cache_.table.set_version(cache_.table.version() + 1);
    api::cache_pb::PolicyEntry& policy = *cache_.table.add_policies();
    policy.set_organization("acme");
    policy.set_name(name);
    policy.add_attachments()->set_level(common::v1::Attachment::LEVEL_ORGANIZATION);
    policy.set_scope(api::cache_pb::SCOPE_ORGANIZATION);
    policy.set_max_temperature(1);
    return policy;
  }

  // Opens the gateway over what the test has set up so far.
  void Start() {
    auto allow = AddressSet::Parse({"127.0.0.0/8"});
    dialer_ = *Dialer::Create(loop_, deadlines_, {.allow = *allow, .allow_plaintext = true});
    routes_.emplace(RoutingView::Deps{loop_, routing_, *dialer_, timers_});
    auto outbox = Outbox::Open(outbox_options_);
    ASSERT_THAT(outbox, ::weir::testing::IsOk());
    outbox_ = *std::move(outbox);
    api::Quota& quota = other_quota_ != nullptr ? *other_quota_ : quota_;
    settlements_.emplace(Settlements::Deps{loop_, quota, *outbox_, timers_, refused_});
    OpenPolicies();
    gate_.emplace(Gate::Deps{.loop = loop_,
                             .quota = quota,
                             .settlements = *settlements_,
                             .clock = clock_,
                             .guard = guard_ ? &*guard_ : nullptr,
                             .guard_policies = guard_policies_ ? &*guard_policies_ : nullptr,
                             .cache = answer_cache_ ? &*answer_cache_ : nullptr,
                             .cache_policies = cache_policies_ ? &*cache_policies_ : nullptr,
                             .edge_id = "edge-1"});
    pipeline_.emplace(options_,
                      Pipeline::Deps{.loop = loop_,
                                     .identity = caching_,
                                     .routing = routing_,
                                     .routes = *routes_,
                                     .gate = *gate_,
                                     .guards = {guard_ ? &*guard_ : nullptr, &guardrails_},
                                     .cache = answer_cache_ ? &*answer_cache_ : nullptr,
                                     .settlements = *settlements_,
                                     .deadlines = deadlines_,
                                     .addresses = addresses_,
                                     .metrics = metrics_,
                                     .clock = clock_,
                                     .random = random_});
    asio::co_spawn(loop_, routes_->Run(), asio::detached);
    asio::co_spawn(loop_, caching_.Run(), asio::detached);
    connection_deps_.emplace(ConnectionDeps{limits_, deadlines_, watch_, clock_, *pipeline_});
    listener_ = *Listener::Open(loop_, {.host = "127.0.0.1", .port = 0}, *connection_deps_);
    listener_->Start();
    ASSERT_TRUE(PumpUntil(loop_, [this] { return routes_->Current() != nullptr; }));
    client_.emplace(listener_->port());
  }

  void OpenPolicies() {
    if (has_guardrails_) {
      guard_.emplace(Guard::Deps{guardrails_});
      guard_policies_.emplace(guardrails_, timers_, "guardrails");
      asio::co_spawn(loop_, guard_policies_->Run(), asio::detached);
    }
    if (cache_.has_table) {
      answer_cache_.emplace(AnswerCache::Options(), AnswerCache::Deps{cache_, loop_, timers_});
      cache_policies_.emplace(cache_, timers_, "cache");
      asio::co_spawn(loop_, cache_policies_->Run(), asio::detached);
    }
  }

  static std::string Request(std::string_view body, std::string_view headers = kKey,
                             std::string_view path = "/v1/chat/completions") {
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: weir\r\nContent-Type: application/json\r\n{}"
        "Content-Length: {}\r\n\r\n{}",
        path, headers, body.size(), body);
  }
  static std::string Get(std::string_view path, std::string_view headers = kKey) {
    return fmt::format("GET {} HTTP/1.1\r\nHost: weir\r\n{}\r\n", path, headers);
  }
  // Waits for the answer to what was sent; time stands still meanwhile.
  ClientAnswer Answer() { return AnswerTo(*client_); }
  ClientAnswer AnswerTo(LoopbackClient& client) {
    std::optional<ClientAnswer> answer;
    EXPECT_TRUE(PumpUntil(loop_, [&] {
      answer = ReadAnswer(client.received(), client.ended());
      return answer.has_value();
    }));
    client.Take();
    return answer.value_or(ClientAnswer{});
  }
  // Sends a request on the client's connection, a new one where the last was closed.
  ClientAnswer Ask(std::string_view request) {
    if (!client_ || client_->ended()) client_.emplace(listener_->port());
    client_->Send(request);
    return Answer();
  }
  ClientAnswer Chat(std::string_view body = kChat) { return Ask(Request(body)); }

  ::testing::AssertionResult Pump(const std::function<bool()>& done) {
    return PumpUntil(loop_, done);
  }
  void Advance(Duration step) { timers_.Advance(step, loop_); }
  // The requests that reached the mock.
  std::vector<mock::LoggedRequest> Upstream() const { return mock_->last_requests(100); }

  static constexpr std::string_view kKey = "Authorization: Bearer acme-key\r\n";
  static constexpr std::string_view kChat =
      R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";
  static constexpr std::string_view kStream =
      R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})";

  LoopContext loop_;
  ::weir::testing::FakeClock clock_;
  ::weir::testing::FakeTimers timers_{clock_};
  ::weir::testing::SeededRandom random_{7};
  ::weir::testing::ScopedLog log_;
  Deadlines deadlines_{timers_};
  PeerWatch watch_{timers_};
  HttpLimits limits_;
  metrics::Registry registry_;
  EdgeMetrics metrics_{registry_};
  FakeQuota quota_{clock_};
  FakeRouting routing_;
  FakeIdentity identity_;
  api::CachingIdentity caching_{{}, {.inner = identity_, .timers = timers_, .random = random_}};
  AddressLimiter addresses_{0, 0, clock_};
  FakeGuardrails guardrails_;
  FakeCache cache_;
  bool has_guardrails_ = false;
  std::optional<GuardPolicyView> guard_policies_;
  std::optional<Guard> guard_;
  std::optional<CachePolicyView> cache_policies_;
  std::optional<AnswerCache> answer_cache_;
  api::Quota* other_quota_ = nullptr;  // Asked instead of `quota_`, where a test sets it.
  std::optional<Gate> gate_;
  PipelineOptions options_;
  Outbox::Options outbox_options_{.directory = weir::testing::NewFolder(), .instance = "edge-1"};
  Quarantine refused_{outbox_options_.directory, registry_};
  uint32_t main_ = 0;

  std::unique_ptr<Dialer> dialer_;
  std::optional<RoutingView> routes_;
  std::optional<Settlements> settlements_;
  std::unique_ptr<Outbox> outbox_;
  std::optional<Pipeline> pipeline_;
  std::optional<ConnectionDeps> connection_deps_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<mock::MockUpstream> mock_;
  std::optional<LoopbackClient> client_;
};

}  // namespace weir::edge::testing
