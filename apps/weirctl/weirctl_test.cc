// Whole commands, from words to text, against a real admin port with fake services behind it.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "apps/weirctl/command.h"
#include "common/rpc/admin_server.h"
#include "common/rpc/fake_admin_services.h"
#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "weir/cache/v1/cache_admin.pb.h"
#include "weir/guardrails/v1/guardrails_admin.pb.h"
#include "weir/identity/v1/identity_admin.pb.h"
#include "weir/quota/v1/quota_admin.pb.h"
#include "weir/routing/v1/routing_admin.pb.h"

namespace weir::weirctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

struct Result {
  int exit_code = 0;
  std::string out, err;
};

class WeirctlTest : public ::testing::Test {
 protected:
  WeirctlTest() {
    services_.AddTo(registry_);
    auto server = rpc::AdminServer::Start(
        {.address = "127.0.0.1:0"},
        {.registry = registry_, .tokens = tokens_, .workers = workers_, .clock = system_clock_});
    EXPECT_THAT(server, weir::testing::IsOk());
    server_ = *std::move(server);
    environment_ = {{"WEIR_ADMIN_ADDRESS", fmt::format("127.0.0.1:{}", server_->port())},
                    {"WEIR_ADMIN_TOKEN", "wa_admin"}};
  }

  Result Weirctl(std::vector<std::string> words, const std::string& input = "") {
    std::istringstream in(input);
    std::ostringstream out, err;
    Result result;
    result.exit_code = weirctl::Run(
        words, {.environment = environment_, .in = in, .out = out, .err = err, .clock = clock_});
    result.out = out.str();
    result.err = err.str();
    return result;
  }

  rpc::FakeAdminServices services_;
  rpc::AdminRegistry registry_;
  rpc::FakeTokens tokens_;
  WorkerPool workers_{"admin", 2, 64};
  SystemClock system_clock_;
  weir::testing::FakeClock clock_;
  config::Environment environment_;
  std::unique_ptr<rpc::AdminServer> server_;
};

TEST_F(WeirctlTest, ApplyReportsEachDocument) {
  const std::string documents =
      "{kind: Team, name: red}\n---\n{kind: Organization, name: default}\n";
  const Result dry = Weirctl({"apply", "-f", "-", "--dry-run"}, documents);
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_EQ(dry.out,
            "KIND          ORGANIZATION  NAME     RESULT        WHERE\n"
            "Organization  -             default  would change  <stdin>:3\n"
            "Team          default       red      would change  <stdin>:1\n");
  EXPECT_THAT(Weirctl({"apply", "-f", "-"}, documents).out, HasSubstr("red      changed"));
  EXPECT_THAT(Weirctl({"apply", "-f", "-"}, documents).out, HasSubstr("red      unchanged"));
  EXPECT_THAT(Weirctl({"--output", "json", "apply", "-f", "-"}, documents).out,
              AllOf(HasSubstr("\"name\":\"red\""), HasSubstr("\"changed\":false")));
}

TEST_F(WeirctlTest, ApplyTakesTheOrganizationFromTheCommandLine) {
  EXPECT_THAT(
      Weirctl({"apply", "-f", "-", "--organization", "acme"}, "{kind: Team, name: red}").out,
      HasSubstr("Team  acme"));
}

TEST_F(WeirctlTest, ValidateNeedsNoServer) {
  server_->Shutdown(Duration::zero());
  const Result good = Weirctl({"apply", "-f", "-", "--validate"}, "{kind: Team, name: red}");
  EXPECT_EQ(good.exit_code, 0);
  EXPECT_EQ(good.out, "1 documents are well-formed\n");
  const Result bad = Weirctl({"apply", "-f", "-", "--validate"}, "{kind: Teem, name: red}");
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_THAT(bad.err, HasSubstr("<stdin>:1: kind is 'Teem'"));
}

TEST_F(WeirctlTest, KeysCreatePrintsTheKeyAloneOnStandardOutput) {
  weir::identity::v1::CreateKeyResponse response;
  response.set_secret("wr_secret");
  response.mutable_key()->set_name("app");
  response.mutable_key()->set_public_id("k1");
  services_.AnswerWith(response);
  const Result result = Weirctl({"keys", "create", "app", "--lifetime", "30d"});
  EXPECT_EQ(result.out, "wr_secret\n");
  EXPECT_THAT(result.err, AllOf(HasSubstr("public id k1"), Not(HasSubstr("wr_secret"))));
  ASSERT_THAT(services_.received(), SizeIs(1));
  EXPECT_THAT(services_.received()[0].request, HasSubstr("lifetime { seconds: 2592000 }"));
}

TEST_F(WeirctlTest, KeysListShowsStates) {
  weir::identity::v1::ListKeysResponse response;
  auto* active = response.add_keys();
  active->set_name("app");
  active->set_public_id("k1");
  active->add_allowed_models("chat");
  active->add_allowed_models("gpt-4o");
  active->mutable_created_at()->set_seconds(1763719200);
  auto* expired = response.add_keys();
  expired->set_name("old");
  expired->mutable_expires_at()->set_seconds(1763719199);
  response.add_keys()->mutable_revoked_at()->set_seconds(1);
  services_.AnswerWith(response);
  const std::string out = Weirctl({"keys", "list", "--all"}).out;
  EXPECT_THAT(out, HasSubstr("app   k1         -       -     -     chat,gpt-4o  "
                             "2025-11-21T10:00:00Z  -                     active\n"));
  EXPECT_THAT(out, AllOf(HasSubstr("expired\n"), HasSubstr("revoked\n")));
}

TEST_F(WeirctlTest, KeysRevokeNamesTheKey) {
  EXPECT_EQ(Weirctl({"keys", "revoke", "app"}).exit_code, 0);
  EXPECT_THAT(services_.received()[0].request, HasSubstr("key: \"app\""));
}

TEST_F(WeirctlTest, UsageSumsItsRows) {
  weir::quota::v1::QueryUsageResponse response;
  for (int i = 1; i <= 2; ++i) {
    auto* row = response.add_rows();
    (*row->mutable_group())["key"] = fmt::format("app-{}", i);
    row->set_requests(i);
    row->set_attempts(i);
    row->mutable_usage()->set_input_uncached_tokens(10 * i);
    row->mutable_usage()->set_output_visible_tokens(15 * i);
    row->mutable_usage()->set_reasoning_tokens(5 * i);
    row->set_total_tokens(30 * i);
  }
  services_.AnswerWith(response);
  const Result result = Weirctl({"usage", "--by", "key", "--from", "24h"});
  EXPECT_EQ(result.out,
            "KEY    REQUESTS  ATTEMPTS  INPUT  OUTPUT  TOTAL  ESTIMATED\n"
            "app-1         1         1     10      20     30          0\n"
            "app-2         2         2     20      40     60          0\n"
            "(all)         3         3     30      60     90          0\n");
  EXPECT_THAT(services_.received()[0].request, HasSubstr("from { seconds: 1763632800 }"));
}

TEST_F(WeirctlTest, LimitsShowWhereTheyStand) {
  weir::quota::v1::GetLimitStatesResponse response;
  auto* state = response.add_states();
  state->set_limit_name("per-minute");
  state->set_level("key");
  state->set_unit(weir::common::v1::UNIT_TOTAL_TOKENS);
  state->set_limit(30);
  state->set_remaining(12);
  state->mutable_reset_after()->set_seconds(42);
  state->set_enforced(true);
  services_.AnswerWith(response);
  EXPECT_EQ(Weirctl({"limits", "--key", "app"}).out,
            "LIMIT       LEVEL  UNIT          LIMIT  REMAINING  RESETS IN  DENIES\n"
            "per-minute  key    total tokens     30         12  42s        yes\n");
  EXPECT_THAT(services_.received()[0].request, HasSubstr("key_name: \"app\""));
}

weir::guardrails::v1::TestGuardrailsResponse MaskedAnswer() {
  weir::guardrails::v1::TestGuardrailsResponse response;
  response.set_verdict(weir::guardrails::v1::VERDICT_EDIT);
  response.add_parts()->set_text("mail [[EMAIL-1]]");
  auto* finding = response.add_findings();
  finding->set_policy("pii");
  finding->set_rule("mail");
  finding->set_entity_type("EMAIL");
  finding->set_action("mask");
  finding->set_offset(5);
  finding->set_length(15);
  return response;
}

TEST_F(WeirctlTest, GuardTestShowsWhatWouldGo) {
  services_.AnswerWith(MaskedAnswer());
  const Result result = Weirctl({"guard", "test", "mail ann@example.com", "--policy", "pii,cards",
                                 "--direction", "response"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "verdict: edit\n\nmail [[EMAIL-1]]\n\n"
            "POLICY  RULE  FOUND  ACTION  SHADOW  AT  BYTES\n"
            "pii     mail  EMAIL  mask    no       5     15\n");
  EXPECT_THAT(services_.received()[0].request,
              AllOf(HasSubstr("policies: \"pii\" policies: \"cards\""),
                    HasSubstr("direction: DIRECTION_RESPONSE"),
                    HasSubstr("text: \"mail ann@example.com\" role: \"user\"")));
}

TEST_F(WeirctlTest, GuardTestReadsTextAndPolicyFromElsewhere) {
  const std::string path = ::testing::TempDir() + "weirctl_policy.yaml";
  std::ofstream(path) << "{kind: GuardrailPolicy, name: new, spec: {rules: [{name: mail, action: "
                         "mask, entities: {types: [EMAIL]}}]}}";
  services_.AnswerWith(MaskedAnswer());
  const Result result =
      Weirctl({"--output", "json", "guard", "test", "--file", path}, "from stdin");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\"verdict\": \"VERDICT_EDIT\""));
  EXPECT_THAT(services_.received()[0].request,
              AllOf(HasSubstr("name: \"new\""), HasSubstr("types: \"EMAIL\""),
                    HasSubstr("text: \"from stdin\"")));
  std::ofstream(path) << "{kind: Team, name: red}";
  EXPECT_THAT(Weirctl({"guard", "test", "x", "--file", path}).err,
              HasSubstr("declares 1 objects, want one GuardrailPolicy"));
}

TEST_F(WeirctlTest, GuardTestTakesNoTextThatIsTooLong) {
  const Result result =
      Weirctl({"guard", "test", "--policy", "pii"}, std::string(64 * 1024 + 1, 'x'));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("65537 bytes, want at most 65536"));
}

TEST_F(WeirctlTest, CacheExplainShowsWhatSpeaksAgainstEach) {
  weir::cache::v1::ExplainCacheResponse response;
  response.set_threshold(0.92);
  auto* candidate = response.add_candidates();
  candidate->set_entry_id("e1");
  candidate->set_scope("team:search");
  candidate->set_similarity(0.9712);
  candidate->set_gate_score(1.5);
  candidate->mutable_age()->set_seconds(90);
  candidate->set_reason("veto_number");
  services_.AnswerWith(response);
  EXPECT_EQ(Weirctl({"cache", "explain", "faq", "How many?", "--scope", "team:search"}).out,
            "ENTRY  SCOPE        COSINE  GATE  AGE    SERVES  REASON\n"
            "e1     team:search   0.971  1.50  1m30s  no      veto_number\n"
            "threshold 0.920\n");
  EXPECT_THAT(services_.received()[0].request,
              AllOf(HasSubstr("policy: \"faq\""), HasSubstr("text: \"How many?\"")));
}

TEST_F(WeirctlTest, CacheStatsShowCounts) {
  weir::cache::v1::GetCacheStatsResponse response;
  response.set_entries(7);
  response.set_semantic_hits(3);
  (*response.mutable_refused())["veto_number"] = 2;
  services_.AnswerWith(response);
  EXPECT_THAT(Weirctl({"cache", "stats"}).out, AllOf(HasSubstr("entries                   7\n"),
                                                     HasSubstr("refused: veto_number      2\n")));
}

TEST_F(WeirctlTest, CacheInvalidateNamesOneThing) {
  weir::cache::v1::InvalidateCacheResponse response;
  response.set_entries(4);
  services_.AnswerWith(response);
  EXPECT_EQ(Weirctl({"cache", "invalidate", "--author", "user:alice", "--dry-run"}).out,
            "4 answers would be forgotten\n");
  EXPECT_THAT(services_.received()[0].request, HasSubstr("author: \"user:alice\" dry_run: true"));
  EXPECT_THAT(Weirctl({"cache", "invalidate"}).err, HasSubstr("0 of --policy"));
  EXPECT_THAT(Weirctl({"cache", "invalidate", "--everything", "--policy", "faq"}).err,
              HasSubstr("2 of --policy"));
}

TEST_F(WeirctlTest, StatusShowsWhatIsDegradedAndSuspended) {
  weir::routing::v1::ListProxiesResponse proxies;
  auto* proxy = proxies.add_proxies();
  proxy->set_name("assistant");
  proxy->set_context("/assistant");
  proxy->set_degraded_reason("provider 'openai' is not there");
  services_.AnswerWith(proxies);
  weir::routing::v1::GetHealthResponse health;
  auto* target = health.add_targets();
  target->set_provider("azure");
  target->set_upstream_model("gpt-4o");
  target->set_last_failure("429");
  target->mutable_suspended_until()->set_seconds(1763719230);
  services_.AnswerWith(health);
  const Result result = Weirctl({"status"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, AllOf(HasSubstr(" is SERVING\n"),
                                HasSubstr("degraded: provider 'openai' is not there"),
                                HasSubstr("azure/gpt-4o  -      2025-11-21T10:00:30Z  429")));
}

TEST_F(WeirctlTest, CallReachesAnyMethod) {
  const Result result = Weirctl(
      {"call", "QuotaAdminService/ListLimits", R"({"organization": "acme", "pageSize": 5})"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\"limits\": []"));
  EXPECT_EQ(services_.received()[0].request, "organization: \"acme\" page_size: 5");
  EXPECT_THAT(Weirctl({"call", "QuotaAdminService/Nope"}).err, HasSubstr("GetLimitStates"));
}

TEST_F(WeirctlTest, FailuresAreExitCodeOneAndSaidOnStandardError) {
  environment_["WEIR_ADMIN_TOKEN"] = "wa_viewer";
  const Result refused = Weirctl({"keys", "create", "app"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("weirctl: permission denied: "));
  EXPECT_EQ(refused.out, "");

  server_->Shutdown(Duration::zero());
  const Result away = Weirctl({"status"});
  EXPECT_EQ(away.exit_code, 1);
  EXPECT_THAT(away.err, HasSubstr("weirctl: unavailable: asking 127.0.0.1:"));
}

TEST_F(WeirctlTest, ATokenFileIsReadWithoutItsNewline) {
  const std::string path = ::testing::TempDir() + "/weirctl_token";
  std::ofstream(path) << "wa_editor\n";
  environment_.erase("WEIR_ADMIN_TOKEN");
  EXPECT_EQ(Weirctl({"--token-file", path, "keys", "list"}).exit_code, 0);
  EXPECT_EQ(services_.received()[0].call.actor, "wa_editor");
  EXPECT_THAT(Weirctl({"--token-file", "/nowhere", "keys", "list"}).err, HasSubstr("/nowhere"));
}

}  // namespace
}  // namespace weir::weirctl
