// What a request meets on its way to an upstream: who asks, what they ask for, whether they may.
#include "edge/pipeline/pipeline.h"

#include "edge/testing/gzip.h"
#include "edge/testing/pipeline_fixture.h"

namespace weir::edge {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::weir::edge::testing::ClientAnswer;
using ::weir::edge::testing::Gzip;
using ::weir::edge::testing::LoopbackClient;
using ::weir::edge::testing::PipelineFixture;

using quota::v1::SettleRequest;

class PipelineTest : public PipelineFixture {
 protected:
  // Refused, before anything was asked of quota or an upstream.
  void ExpectRefused(const ClientAnswer& answer, int status, std::string_view code) {
    EXPECT_EQ(answer.status, status) << answer.body;
    const std::string want = code.empty() ? "\"code\":null" : fmt::format("\"code\":\"{}\"", code);
    EXPECT_THAT(answer.body, HasSubstr(want));
    EXPECT_THAT(answer.head, HasSubstr("content-type: application/json\r\n"));
    EXPECT_THAT(answer.head, HasSubstr("x-request-id: "));
    EXPECT_THAT(quota_.settled, IsEmpty());
    EXPECT_THAT(Upstream(), IsEmpty());
  }
};

TEST_F(PipelineTest, AnAnswerComesBackAndIsSettled) {
  Start();
  const ClientAnswer answer = Chat();
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("chatcmpl-mock777"));
  EXPECT_THAT(answer.head, HasSubstr("content-type: application/json\r\n"));
  ASSERT_THAT(Upstream(), SizeIs(1));
  EXPECT_EQ(Upstream()[0].body, R"({"model":"up-m","messages":[{"role":"user","content":"hi"}]})");
  ASSERT_THAT(quota_.settled, SizeIs(1));
  const SettleRequest& settled = quota_.settled[0];
  EXPECT_EQ(settled.usage().input_uncached_tokens(), 10);
  EXPECT_EQ(settled.usage().output_visible_tokens(), 20);
  EXPECT_EQ(settled.requests(), 1);
  EXPECT_FALSE(settled.estimated());
  EXPECT_EQ(settled.outcome(), SettleRequest::OUTCOME_FINISHED);
  EXPECT_EQ(settled.kind(), "chat");
  EXPECT_EQ(settled.subjects().organization(), "acme");
  EXPECT_EQ(settled.subjects().key_public_id(), "id-acme-key");
  EXPECT_EQ(settled.subjects().provider(), "main");
  EXPECT_EQ(settled.subjects().model(), "m");
}

TEST_F(PipelineTest, EmbeddingsAreServedToo) {
  Start();
  const ClientAnswer answer =
      Ask(Request(R"({"model":"m","input":"hello"})", kKey, "/v1/embeddings"));
  EXPECT_EQ(answer.status, 200) << answer.body;
  ASSERT_THAT(Upstream(), SizeIs(1));
  EXPECT_THAT(Upstream()[0].head, HasSubstr("POST /v1/embeddings HTTP/1.1"));
  EXPECT_EQ(quota_.settled[0].kind(), "embeddings");
  EXPECT_EQ(quota_.reserved[0].estimate().output_tokens_max(), 0);
}

TEST_F(PipelineTest, OnlyWhatIsListedGoesUpWithTheProvidersCredential) {
  options_.forward_headers = {"x-team"};
  Start();
  Ask(Request(kChat,
              "Authorization: Bearer acme-key\r\nx-api-key: acme-key\r\nCookie: c=1\r\n"
              "X-Forwarded-For: 1.2.3.4\r\nOpenAI-Organization: org\r\nUser-Agent: ua\r\n"
              "OpenAI-Beta: b\r\ntraceparent: 00-1\r\nX-Team: red\r\nX-Request-Id: mine\r\n"));
  ASSERT_THAT(Upstream(), SizeIs(1));
  const std::string head = Upstream()[0].head;
  EXPECT_THAT(head, HasSubstr("Authorization: Bearer provider-key\r\n"));
  EXPECT_THAT(head, HasSubstr("accept-encoding: identity\r\n"));
  EXPECT_THAT(head, HasSubstr("OpenAI-Beta: b\r\n"));
  EXPECT_THAT(head, HasSubstr("traceparent: 00-1\r\n"));
  EXPECT_THAT(head, HasSubstr("X-Team: red\r\n"));
  for (const char* kept : {"acme-key", "Cookie", "1.2.3.4", "OpenAI-Organization", "ua", "mine"}) {
    EXPECT_THAT(head, Not(HasSubstr(kept)));
  }
}

// Whatever an operator lists: the caller's credential is not the provider's to see.
TEST_F(PipelineTest, ListingACredentialsHeaderDoesNotSendItUp) {
  options_.forward_headers = {"authorization", "X-Api-Key",      "x-own-key", "connection",
                              "host",          "content-length", "cookie"};
  routing_.AddProxy("own", "/own").set_key_header("x-own-key");
  Start();
  Ask(Request(kChat, "x-own-key: acme-key\r\nX-Api-Key: acme-key\r\nConnection: keep-alive\r\n",
              "/own/chat/completions"));
  ASSERT_THAT(Upstream(), SizeIs(1));
  const std::string head = Upstream()[0].head;
  EXPECT_THAT(head, Not(HasSubstr("acme-key")));
  EXPECT_THAT(head, Not(HasSubstr("Host: weir")));
  EXPECT_THAT(head, Not(HasSubstr("keep-alive")));
}

TEST_F(PipelineTest, TheCapThatIsHeldIsWrittenUp) {
  quota_.grant.set_output_tokens_cap(20);
  Start();
  Ask(Request(R"({"model":"m","n":2,"messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_THAT(Upstream()[0].body, HasSubstr("\"max_tokens\":10,"));
}

TEST_F(PipelineTest, EmbeddingsHaveNoCap) {
  quota_.grant.set_output_tokens_cap(0);
  Start();
  Ask(Request(R"({"model":"m","input":"hello"})", kKey, "/v1/embeddings"));
  EXPECT_EQ(Upstream()[0].body, R"({"model":"up-m","input":"hello"})");
}

TEST_F(PipelineTest, LimitsAreToldOnAnswers) {
  quota::v1::LimitState& state = *quota_.grant.add_states();
  state.set_unit(common::v1::UNIT_REQUESTS);
  state.set_limit(100);
  state.set_remaining(99);
  state.set_enforced(true);
  Start();
  EXPECT_THAT(Chat().head, HasSubstr("x-ratelimit-remaining-requests: 99\r\n"));
  EXPECT_THAT(Ask(Request(kStream)).head, HasSubstr("x-ratelimit-remaining-requests: 99\r\n"));
}

// --- Who asks ---

TEST_F(PipelineTest, AMissingOrWrongKeyIs401) {
  Start();
  ExpectRefused(Ask(Request(kChat, "")), 401, "invalid_api_key");
  ExpectRefused(Ask(Request(kChat, "Authorization: Bearer\r\n")), 401, "invalid_api_key");
  ExpectRefused(Ask(Request(kChat, "Authorization: Bearer nobody\r\n")), 401, "invalid_api_key");
  EXPECT_THAT(quota_.reserved, IsEmpty());
}

TEST_F(PipelineTest, SeveralDifferentKeysAre400) {
  Start();
  ExpectRefused(Ask(Request(kChat, "Authorization: Bearer acme-key\r\nx-api-key: other\r\n")), 400,
                "");
}

TEST_F(PipelineTest, AnIdentityThatCannotBeAskedIs503) {
  for (const absl::Status& out :
       {status::Unavailable("down"), status::DeadlineExceeded("slow"), status::Internal("bug")}) {
    identity_.unavailable = out;
    if (listener_ == nullptr) Start();
    ExpectRefused(Chat(), 503, "service_unavailable");
  }
}

TEST_F(PipelineTest, OpenModeAsksNobody) {
  options_.open_auth = true;
  routing_.table.mutable_providers(static_cast<int>(main_))->set_organization("default");
  Start();
  EXPECT_EQ(Ask(Request(kChat, "")).status, 200);
  EXPECT_EQ(identity_.asked, 0);
  ASSERT_THAT(quota_.settled, SizeIs(1));
  EXPECT_EQ(quota_.settled[0].subjects().organization(), "default");
}

struct ForbiddenCase {
  std::string_view name, path;
  void (*restrict)(identity::v1::Principal&);
  std::string_view why;
};
class ForbiddenTest : public PipelineTest, public ::testing::WithParamInterface<ForbiddenCase> {};

TEST_P(ForbiddenTest, Is403) {
  routing_.AddProxy("support", "/support");
  routing_.AddProxy("foreign", "/foreign").set_organization("other");
  GetParam().restrict(identity_.Add("bound-key", "acme"));
  Start();
  const ClientAnswer answer = Ask(Request(kChat, "x-api-key: bound-key\r\n", GetParam().path));
  ExpectRefused(answer, 403, "permission_denied");
  EXPECT_THAT(answer.body, HasSubstr(GetParam().why));
  EXPECT_THAT(quota_.reserved, IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(
    Keys, ForbiddenTest,
    ::testing::ValuesIn<ForbiddenCase>({
        {"ProxyOfAnotherOrganisation", "/foreign/chat/completions", [](auto&) {}, "organisation"},
        {"Scope", "/v1/chat/completions", [](auto& key) { key.add_scopes("embeddings"); },
         "may not call chat"},
        {"OtherProxy", "/support/v1/chat/completions",
         [](auto& key) { key.add_allowed_proxies("sales"); }, "'support'"},
        {"RootWhereBoundToAProxy", "/v1/chat/completions",
         [](auto& key) { key.add_allowed_proxies("support"); }, "only call its proxies"},
        {"Model", "/v1/chat/completions", [](auto& key) { key.add_allowed_models("other"); },
         "the model 'm'"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(PipelineTest, WhatAKeyIsBoundToItMayCall) {
  routing_.AddProxy("support", "/support");
  identity::v1::Principal& key = identity_.Add("bound-key", "acme");
  key.add_scopes("chat");
  key.add_allowed_proxies("support");
  key.add_allowed_models("m");
  Start();
  EXPECT_EQ(Ask(Request(kChat, "x-api-key: bound-key\r\n", "/support/chat/completions")).status,
            200);
  EXPECT_EQ(quota_.settled[0].subjects().proxy(), "support");
}

// --- What they ask for ---

TEST_F(PipelineTest, UnknownPathsAndMethods) {
  Start();
  ExpectRefused(Ask(Request(kChat, kKey, "/v1/nonsense")), 404, "unknown_url");
  const ClientAnswer get = Ask(Get("/v1/chat/completions"));
  ExpectRefused(get, 405, "method_not_allowed");
  EXPECT_THAT(get.head, HasSubstr("allow: POST, OPTIONS\r\n"));
  ExpectRefused(Ask(Request("{}", kKey, "/v1/models")), 405, "method_not_allowed");
}

TEST_F(PipelineTest, AnUnknownModelIs404) {
  Start();
  const ClientAnswer answer = Ask(Request(R"({"model":"x","messages":[{"role":"user"}]})"));
  ExpectRefused(answer, 404, "model_not_found");
  EXPECT_THAT(answer.body, HasSubstr(R"("param":"model")"));
}

TEST_F(PipelineTest, ADegradedProxyNamesItselfAndItsReason) {
  routing_.AddProxy("support", "/support").set_degraded_reason("limit 'daily' does not exist");
  Start();
  const ClientAnswer answer = Ask(Request(kChat, kKey, "/support/chat/completions"));
  ExpectRefused(answer, 503, "service_unavailable");
  EXPECT_THAT(answer.body, HasSubstr("'support'"));
  EXPECT_THAT(answer.body, HasSubstr("limit 'daily' does not exist"));
  EXPECT_EQ(identity_.asked, 0);
}

TEST_F(PipelineTest, AProxyServesOnlyItsKinds) {
  routing_.AddProxy("only", "/only").add_kinds(routing::v1::API_KIND_EMBEDDINGS);
  Start();
  ExpectRefused(Ask(Request(kChat, kKey, "/only/chat/completions")), 404, "unknown_url");
  EXPECT_EQ(Ask(Request(R"({"model":"m","input":"x"})", kKey, "/only/embeddings")).status, 200);
}

TEST_F(PipelineTest, BodiesAreReadStrictly) {
  Start();
  const ClientAnswer twice = Ask(Request(R"({"model":"m","model":"m","messages":[]})"));
  ExpectRefused(twice, 400, "invalid_value");
  EXPECT_THAT(twice.body, HasSubstr(R"("param":"model")"));
  ExpectRefused(Ask(Request("{")), 400, "");
  EXPECT_THAT(quota_.reserved, IsEmpty());
}

TEST_F(PipelineTest, OnlyJsonIsTaken) {
  Start();
  ExpectRefused(Ask("POST /v1/chat/completions HTTP/1.1\r\nHost: w\r\nContent-Type: text/plain\r\n"
                    "Content-Length: 2\r\n\r\n{}"),
                415, "unsupported_content");
  ExpectRefused(Ask(Request(kChat, "Content-Encoding: br\r\n")), 415, "unsupported_content");
}

TEST_F(PipelineTest, GzipBodiesAreReadWithinBounds) {
  options_.max_body = 200'000;
  Start();
  const std::string encoded = std::string(kKey) + "Content-Encoding: gzip\r\n";
  EXPECT_EQ(Ask(Request(Gzip(kChat), encoded)).status, 200);
  EXPECT_THAT(Upstream()[0].body, HasSubstr("\"up-m\""));
  EXPECT_EQ(Ask(Request(Gzip(kChat).substr(0, 30), encoded)).status, 400);
  EXPECT_EQ(Ask(Request(kChat, encoded)).status, 400);
  EXPECT_EQ(Ask(Request(Gzip(kChat) + "x", encoded)).status, 400);
  EXPECT_EQ(Ask(Request(Gzip(std::string(300'000, ' ')), encoded)).status, 413);
  EXPECT_THAT(Upstream(), SizeIs(1));
}

TEST_F(PipelineTest, ALargeHeadIs431AndALargeBody413) {
  options_.max_body = 1'000;
  Start();
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nX: " + std::string(40'000, 'x')).body,
              HasSubstr("request_head_too_large"));
  client_.reset();
  EXPECT_EQ(Ask(Request(std::string(1'001, ' '))).status, 413);
}

TEST_F(PipelineTest, ModelsAreListed) {
  for (const auto& [name, organization] : {std::pair("m", "acme"), std::pair("theirs", "other")}) {
    routing::v1::ModelEntry& entry = *routing_.table.add_models();
    entry.set_name(name);
    entry.set_organization(organization);
  }
  Start();
  const ClientAnswer list = Ask(Get("/v1/models"));
  EXPECT_EQ(list.status, 200);
  EXPECT_THAT(list.body, HasSubstr("\"id\":\"m\""));
  EXPECT_THAT(list.body, Not(HasSubstr("theirs")));
  EXPECT_EQ(Ask(Get("/v1/models/m")).status, 200);
  ExpectRefused(Ask(Get("/v1/models/theirs")), 404, "model_not_found");
  ExpectRefused(Ask(Get("/v1/models", "")), 401, "invalid_api_key");
}

// --- May they ---

absl::Status Exhausted() {
  common::v1::QuotaViolation violation;
  violation.set_limit_name("daily");
  violation.set_unit(common::v1::UNIT_TOTAL_TOKENS);
  violation.set_limit(30);
  violation.mutable_reset_after()->set_seconds(40);
  violation.mutable_retry_after()->set_seconds(40);
  return status::WithDetail(status::ResourceExhausted("the limit 'daily' is used up"), violation);
}

TEST_F(PipelineTest, ADeniedReservationIs429AndNoCall) {
  quota_.answers.push_back(Exhausted());
  Start();
  const ClientAnswer answer = Chat();
  ExpectRefused(answer, 429, "rate_limit_exceeded");
  EXPECT_THAT(answer.body, HasSubstr("Rate limit exceeded"));
  EXPECT_THAT(answer.body, HasSubstr("daily"));
  EXPECT_THAT(answer.head, HasSubstr("retry-after: 40\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("x-ratelimit-remaining: 0\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("x-ratelimit-remaining-tokens: 0\r\n"));
  EXPECT_THAT(quota_.released, IsEmpty());
}

TEST_F(PipelineTest, AQuotaThatCannotBeAskedIs503) {
  Start();
  for (const absl::Status& out : {status::Unavailable("down"), status::DeadlineExceeded("slow")}) {
    quota_.answers.push_back(out);
    ExpectRefused(Chat(), 503, "service_unavailable");
  }
}

TEST_F(PipelineTest, ARoutingThatCannotBeAskedIs503) {
  for (const absl::Status& out : {status::Unavailable("down"), status::DeadlineExceeded("slow")}) {
    routing_.unavailable = out;
    if (listener_ == nullptr) Start();
    ExpectRefused(Chat(), 503, "service_unavailable");
  }
  EXPECT_THAT(quota_.reserved, IsEmpty());
}

TEST_F(PipelineTest, TooManyAtOnceAre503) {
  options_.max_concurrent = 1;
  Behave(R"({"latency_ms": 30})");
  Start();
  client_->Send(Request(kChat));
  ASSERT_TRUE(Pump([this] { return mock_->open() == 1; }));
  LoopbackClient other(listener_->port());
  other.Send(Request(kChat));
  ASSERT_TRUE(Pump([&] { return !other.received().empty(); }));
  EXPECT_THAT(other.received(), HasSubstr("HTTP/1.1 503"));
  EXPECT_THAT(other.received(), HasSubstr("server overloaded"));
  EXPECT_EQ(Answer().status, 200);
}

TEST_F(PipelineTest, AnAddressThatAsksTooMuchIs429) {
  std::destroy_at(&addresses_);
  std::construct_at(&addresses_, 1.0, 2, clock_);
  Start();
  EXPECT_EQ(Chat().status, 200);
  EXPECT_EQ(Chat().status, 200);
  EXPECT_EQ(Chat().status, 429);
  Advance(std::chrono::seconds(1));
  EXPECT_EQ(Chat().status, 200);
}

TEST_F(PipelineTest, AFullOutboxIs503AndHoldsNothing) {
  outbox_options_.max_bytes = 0;
  Start();
  ExpectRefused(Chat(), 503, "service_unavailable");
  EXPECT_TRUE(Pump([this] { return quota_.released.size() == 1; }));
}

// --- What is kept of it ---

TEST_F(PipelineTest, OneLineALogAndNoSecretInIt) {
  Start();
  Ask(Request(R"({"model":"m","messages":[{"role":"user","content":"prompt-text"}]})",
              "Authorization: Bearer acme-key\r\nX-Client-Request-Id: my id\"\\\r\n"));
  const std::vector<std::string> lines = log_.WithEvent("request.done");
  ASSERT_THAT(lines, SizeIs(1));
  for (const char* part :
       {R"("status":200)", R"("organization":"acme")", R"("key":"id-acme-key")",
        R"("provider":"main")", R"("client_request_id":"myid")", R"("output_tokens":20)"}) {
    EXPECT_THAT(lines[0], HasSubstr(part));
  }
  for (const std::string& each : log_.lines()) {
    EXPECT_THAT(each, Not(HasSubstr("\"acme-key")));
    EXPECT_THAT(each, Not(HasSubstr("prompt-text")));
    EXPECT_THAT(each, Not(HasSubstr("provider-key")));
  }
}

struct AddressCase {
  std::string_view name, forwarded, client;
};
class ClientAddressTest : public PipelineTest, public ::testing::WithParamInterface<AddressCase> {};

TEST_P(ClientAddressTest, IsTheLastThatNoTrustedProxyWrote) {
  options_.trusted_proxies = *AddressSet::Parse({"127.0.0.1", "10.0.0.0/8"});
  Start();
  Ask(Request(kChat, std::string(kKey) + std::string(GetParam().forwarded)));
  EXPECT_THAT(log_.WithEvent("request.done"),
              ElementsAre(HasSubstr(fmt::format(R"("client":"{}")", GetParam().client))));
}
INSTANTIATE_TEST_SUITE_P(
    Chains, ClientAddressTest,
    ::testing::ValuesIn<AddressCase>({
        {"None", "", "127.0.0.1"},
        {"One", "X-Forwarded-For: 203.0.113.7\r\n", "203.0.113.7"},
        {"SpoofedLeft", "X-Forwarded-For: 1.1.1.1, 203.0.113.7\r\n", "203.0.113.7"},
        {"ThroughTwoProxies", "X-Forwarded-For: 1.1.1.1, 203.0.113.7, 10.1.1.1\r\n", "203.0.113.7"},
        {"TwoHeaders", "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 203.0.113.7\r\n",
         "203.0.113.7"},
        {"Garbage", "X-Forwarded-For: 203.0.113.7, evil\r\n", "127.0.0.1"},
        {"GarbageBehindAProxy", "X-Forwarded-For: evil, 10.1.1.1\r\n", "10.1.1.1"},
        {"V6", "X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1"},
        {"AllTrusted", "X-Forwarded-For: 10.1.1.2, 10.1.1.1\r\n", "10.1.1.2"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(PipelineTest, NobodyIsTrustedByDefault) {
  Start();
  Ask(Request(kChat, std::string(kKey) + "X-Forwarded-For: 203.0.113.7\r\n"));
  EXPECT_THAT(log_.WithEvent("request.done"), ElementsAre(HasSubstr(R"("client":"127.0.0.1")")));
}

TEST_F(PipelineTest, ABrowserOfAnAllowedOriginMayReadEveryAnswer) {
  routing_.AddProxy("web", "/web").add_cors_origins("https://app.example");
  Start();
  const std::string origin = std::string(kKey) + "Origin: https://app.example\r\n";
  for (const std::string_view body : {kChat, kStream, std::string_view("{")}) {
    EXPECT_THAT(Ask(Request(body, origin, "/web/chat/completions")).head,
                HasSubstr("access-control-allow-origin: https://app.example\r\n"))
        << body;
  }
}

TEST_F(PipelineTest, ABodyThatComesTooSlowlyIsToldSo) {
  Start();
  const std::string request = Request(kChat);
  client_->Send(std::string_view(request).substr(0, request.size() - 5));
  testing::Settle(loop_);
  Advance(std::chrono::seconds(60));
  const ClientAnswer answer = Answer();
  EXPECT_EQ(answer.status, 408);
  EXPECT_THAT(answer.body, HasSubstr(R"("code":"request_timeout")"));
  EXPECT_THAT(answer.body, HasSubstr("too slowly"));
  EXPECT_THAT(answer.head, HasSubstr("x-request-id: "));
  EXPECT_THAT(Upstream(), IsEmpty());
  Advance(std::chrono::seconds(1));
}

}  // namespace
}  // namespace weir::edge
