#include "edge/pipeline/routing_view.h"

#include "common/async/loop_context.h"
#include "common/testing/fake_timers.h"
#include "common/testing/status_matchers.h"
#include "edge/testing/fake_routing.h"
#include "edge/testing/loopback.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::weir::edge::testing::FakeRouting;
using ::weir::edge::testing::PumpUntil;
using ::weir::testing::FakeClock;
using ::weir::testing::FakeTimers;
using ::weir::testing::IsOk;

struct PathCase {
  std::string_view name, path;
  routing::v1::ApiKind kind;    // UNSPECIFIED: nothing is there.
  std::string_view proxy = "";  // Empty: the root.
  std::string_view model_id = "";
};
class MatchPathTest : public ::testing::TestWithParam<PathCase> {};

TEST_P(MatchPathTest, FindsProxyAndKind) {
  auto table = std::make_shared<routing::v1::RoutingTable>();
  for (const char* context :
       {"/assistant", "/a/b", "/v1/old", "/openai/v1", "/openai/latest", "/a/b/openai"}) {
    routing::v1::ProxyRoute& proxy = *table->add_proxies();
    proxy.set_name(context);
    proxy.set_context(context);
  }
  CompiledRoutes routes;
  routes.table = table;
  for (const auto& each : table->proxies()) routes.by_context.emplace(each.context(), &each);
  const RouteMatch match = MatchPath(routes, GetParam().path);
  ASSERT_EQ(match.found, GetParam().kind != routing::v1::API_KIND_UNSPECIFIED);
  if (!match.found) return;
  EXPECT_EQ(match.kind, GetParam().kind);
  EXPECT_EQ(match.proxy == nullptr ? "" : match.proxy->name(), GetParam().proxy);
  EXPECT_EQ(match.model_id, GetParam().model_id);
}
constexpr auto kNothing = routing::v1::API_KIND_UNSPECIFIED;
constexpr auto kChat = routing::v1::API_KIND_CHAT;
constexpr auto kEmbeddings = routing::v1::API_KIND_EMBEDDINGS;
constexpr auto kModels = routing::v1::API_KIND_MODELS;
constexpr auto kResponses = routing::v1::API_KIND_RESPONSES;
INSTANTIATE_TEST_SUITE_P(
    Paths, MatchPathTest,
    ::testing::ValuesIn<PathCase>({
        {"Root", "/chat/completions", kChat},
        {"RootV1", "/v1/chat/completions", kChat},
        {"Embeddings", "/v1/embeddings", kEmbeddings},
        {"Models", "/v1/models", kModels},
        {"Model", "/v1/models/gpt-4o", kModels, "", "gpt-4o"},
        {"ModelWithSlashes", "/models/org/llama", kModels, "", "org/llama"},
        {"ModelNamedLikeAPath", "/v1/models/x/models/y", kModels, "", "x/models/y"},
        {"Proxy", "/assistant/chat/completions", kChat, "/assistant"},
        {"ProxyV1", "/assistant/v1/chat/completions", kChat, "/assistant"},
        {"ProxyDeep", "/a/b/v1/embeddings", kEmbeddings, "/a/b"},
        {"ProxyModel", "/assistant/models/m", kModels, "/assistant", "m"},
        {"ContextThatBeginsWithV1", "/v1/old/chat/completions", kChat, "/v1/old"},
        {"ContextThatEndsInV1", "/openai/v1/chat/completions", kChat, "/openai/v1"},
        {"ContextThatEndsInV1Twice", "/openai/v1/v1/chat/completions", kChat, "/openai/v1"},
        {"Responses", "/responses", kResponses},
        {"ResponsesV1", "/v1/responses", kResponses},
        {"ResponsesOfAzure", "/openai/responses", kResponses},
        {"ProxyResponses", "/assistant/responses", kResponses, "/assistant"},
        {"ProxyResponsesV1", "/assistant/v1/responses", kResponses, "/assistant"},
        {"ProxyResponsesOfAzure", "/assistant/openai/responses", kResponses, "/assistant"},
        {"ProxyResponsesOfAzureV1", "/assistant/openai/v1/responses", kResponses, "/assistant"},
        {"BelowOpenAi", "/openai/latest/openai/responses", kResponses, "/openai/latest"},
        {"TheLongerContextOfTwo", "/a/b/openai/responses", kResponses, "/a/b/openai"},
        {"OneResponse", "/v1/responses/resp_1", kNothing},
        {"ResponsesOfNobody", "/other/openai/responses", kNothing},
        {"OpenAiWithoutSlash", "/assistantopenai/responses", kNothing},
        {"Unknown", "/nonsense", kNothing},
        {"UnknownContext", "/other/chat/completions", kNothing},
        {"HalfAContext", "/assist/chat/completions", kNothing},
        {"ContextAlone", "/assistant", kNothing},
        {"V2", "/v2/chat/completions", kNothing},
        {"V1Twice", "/v1/v1/chat/completions", kNothing},
        {"SlashAtTheEnd", "/v1/chat/completions/", kNothing},
        {"TwoSlashes", "//v1/chat/completions", kNothing},
        {"DotDot", "/assistant/../v1/chat/completions", kNothing},
        {"Encoded", "/v1/chat%2Fcompletions", kNothing},
        {"OtherCase", "/v1/Chat/Completions", kNothing},
        {"NoModel", "/v1/models/", kNothing},
        {"Star", "*", kNothing},
        {"Slash", "/", kNothing},
        {"Empty", "", kNothing},
    }),
    [](const auto& info) { return std::string(info.param.name); });

class RoutingViewTest : public ::testing::Test {
 protected:
  RoutingViewTest() {
    auto allow = AddressSet::Parse({"127.0.0.0/8"});
    dialer_ = *Dialer::Create(loop_, deadlines_, {.allow = *allow, .allow_plaintext = true});
    view_.emplace(RoutingView::Deps{loop_, routing_, *dialer_, timers_});
  }
  ~RoutingViewTest() override { loop_.Abandon(); }

  void Follow() {
    asio::co_spawn(loop_, view_->Run(), asio::detached);
    ASSERT_TRUE(PumpUntil(loop_, [this] { return view_->Current() != nullptr; }));
  }
  // Publishes the table and waits until it is followed.
  void Change() {
    routing_.table.set_version(routing_.table.version() + 1);
    routing_.Publish();
    ASSERT_TRUE(PumpUntil(
        loop_, [this] { return view_->Current()->table->version() == routing_.table.version(); }));
  }

  LoopContext loop_;
  FakeClock clock_;
  FakeTimers timers_{clock_};
  Deadlines deadlines_{timers_};
  FakeRouting routing_;
  std::unique_ptr<Dialer> dialer_;
  std::optional<RoutingView> view_;
};

TEST_F(RoutingViewTest, FollowsTheTable) {
  routing_.AddProvider("one", "http://127.0.0.1:1/v1");
  Follow();
  EXPECT_THAT(view_->Current()->targets, SizeIs(1));
  routing_.AddProvider("two", "http://127.0.0.1:2/v1");
  routing_.AddProxy("web", "/web");
  Change();
  EXPECT_THAT(view_->Current()->targets, SizeIs(2));
  EXPECT_TRUE(MatchPath(*view_->Current(), "/web/embeddings").found);
}

TEST_F(RoutingViewTest, ARequestKeepsTheTableItBeganWith) {
  routing_.AddProvider("one", "http://127.0.0.1:1");
  Follow();
  const auto before = view_->Current();
  routing_.table.mutable_providers(0)->set_base_url("http://127.0.0.1:2");
  Change();
  EXPECT_EQ(before->targets[0].pool->url().port, "1");
  EXPECT_EQ(view_->Current()->targets[0].pool->url().port, "2");
}

TEST_F(RoutingViewTest, ConnectionsOutliveATableThatDoesNotChangeThem) {
  routing_.AddProvider("one", "http://127.0.0.1:1");
  Follow();
  const auto pool = view_->Current()->targets[0].pool;
  routing_.table.mutable_providers(0)->set_auth_value("Bearer rotated");
  Change();
  EXPECT_EQ(view_->Current()->targets[0].pool, pool);
  EXPECT_THAT(view_->Current()->targets[0].head_suffix,
              HasSubstr("Authorization: Bearer rotated\r\n"));
  routing_.table.mutable_providers(0)->set_insecure_skip_verify(true);
  Change();
  EXPECT_NE(view_->Current()->targets[0].pool, pool) << "another trust is another connection";
}

TEST_F(RoutingViewTest, AProviderThatCannotBeCalledSaysWhyAndSpoilsNoOther) {
  routing_.AddProvider("good", "http://127.0.0.1:1");
  routing_.AddProvider("url", "nonsense");
  routing_.AddProvider("ca", "https://127.0.0.1:1");
  routing_.table.mutable_providers(2)->set_ca_pem("nonsense");
  Follow();
  const auto& targets = view_->Current()->targets;
  EXPECT_THAT(targets[0].usable, IsOk());
  EXPECT_EQ(status::Message(targets[1].usable),
            "reading the base_url of the provider 'url': is no URL, want https://host/path");
  EXPECT_THAT(std::string(status::Message(targets[2].usable)), HasSubstr("ca_pem"));
}

// A credential is one header, whatever an editor of it wanted.
TEST_F(RoutingViewTest, ACredentialThatWouldBeMoreThanOneHeaderIsNotSent) {
  for (const auto& [header, value] :
       {std::pair("Authorization", "Bearer a\r\nX-Injected: 1"), std::pair("X: y\r\nZ", "v"),
        std::pair("Authorization", "Bearer a\nb"), std::pair("X Y", "v"),
        std::pair("Authorization", "a\x01")}) {
    const int index = static_cast<int>(routing_.AddProvider("p", "http://127.0.0.1:1"));
    routing_.table.mutable_providers(index)->set_auth_header(header);
    routing_.table.mutable_providers(index)->set_auth_value(value);
  }
  Follow();
  for (const UpstreamTarget& each : view_->Current()->targets) {
    EXPECT_FALSE(each.usable.ok());
    EXPECT_THAT(each.head_suffix, Not(HasSubstr("X-Injected")));
    EXPECT_THAT(std::string(status::Message(each.usable)), Not(HasSubstr("Bearer a")))
        << "the message must not show the credential";
  }
}

TEST_F(RoutingViewTest, TimeoutsAreThoseOfTheProviderElseTheUsualOnes) {
  routing_.AddProvider("usual", "http://127.0.0.1:1");
  routing_.AddProvider("own", "http://127.0.0.1:1");
  routing::v1::Timeouts& own = *routing_.table.mutable_providers(1)->mutable_timeouts();
  own.mutable_first_byte()->set_seconds(2);
  own.mutable_idle()->set_nanos(500'000'000);
  Follow();
  const auto& targets = view_->Current()->targets;
  EXPECT_EQ(targets[0].times.first_byte, std::chrono::seconds(60));
  EXPECT_EQ(targets[1].times.first_byte, std::chrono::seconds(2));
  EXPECT_EQ(targets[1].times.idle, std::chrono::milliseconds(500));
  EXPECT_EQ(targets[1].times.total, std::chrono::minutes(10));
}

}  // namespace
}  // namespace weir::edge
