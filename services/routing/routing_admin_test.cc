#include "services/routing/routing_admin.h"

#include <deque>

#include "common/status/detail.h"
#include "common/testing/fake_clock.h"
#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "services/routing/memory_route_store.h"
#include "services/routing/route_fixtures.h"
#include "services/routing/rule_case.h"

namespace weir::routing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

// Another process edits first, as often as it is told to.
class RacedStore final : public RouteStore {
 public:
  absl::StatusOr<StoredObjects> Load() override { return store_.Load(); }
  absl::StatusOr<int64_t> Sequence() override { return store_.Sequence(); }
  absl::StatusOr<int64_t> Put(const StoredObject& object, const EditContext& edit) override {
    if (!rivals.empty()) {
      const EditContext now = {.read_at = *store_.Sequence(), .actor = "rival", .at = {}};
      EXPECT_THAT(store_.Put(rivals.front(), now), IsOk());
      rivals.pop_front();
    }
    return store_.Put(object, edit);
  }
  absl::StatusOr<int64_t> Delete(const ObjectId& id, const EditContext& edit) override {
    return store_.Delete(id, edit);
  }
  absl::StatusOr<std::vector<Change>> Changes(int64_t after, size_t limit) override {
    return store_.Changes(after, limit);
  }

  std::deque<StoredObject> rivals;

 private:
  MemoryRouteStore store_;
};

class RoutingAdminTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::PutProviderResponse> Put(v1::Provider provider, bool validate_only = false) {
    v1::PutProviderRequest request;
    *request.mutable_provider() = std::move(provider);
    request.set_validate_only(validate_only);
    return admin_.PutProvider(call_, request);
  }
  absl::StatusOr<v1::PutModelResponse> Put(v1::Model model, bool validate_only = false) {
    v1::PutModelRequest request;
    *request.mutable_model() = std::move(model);
    request.set_validate_only(validate_only);
    return admin_.PutModel(call_, request);
  }
  absl::StatusOr<v1::PutProxyResponse> Put(v1::Proxy proxy, bool validate_only = false) {
    v1::PutProxyRequest request;
    *request.mutable_proxy() = std::move(proxy);
    request.set_validate_only(validate_only);
    return admin_.PutProxy(call_, request);
  }
  template <typename Request>
  Request Named(std::string_view name) {
    Request request;
    request.set_organization(std::string(kAcme));
    request.set_name(std::string(name));
    return request;
  }
  template <typename Request>
  Request Listing(int page_size = 0, std::string token = "") {
    Request request;
    request.set_organization(std::string(kAcme));
    request.set_page_size(page_size);
    request.set_page_token(std::move(token));
    return request;
  }
  v1::ListProvidersResponse Providers() {
    return *admin_.ListProviders(call_, Listing<v1::ListProvidersRequest>());
  }
  v1::ListProxiesResponse Proxies() {
    return *admin_.ListProxies(call_, Listing<v1::ListProxiesRequest>());
  }
  // What goes to the provider, as the edges have it.
  std::string CredentialAtTheEdges(int provider = 0) {
    asio::io_context loop;
    const auto stream = routing_.Watch({}, loop.get_executor());
    const auto event = testing::RunUntilDone(loop, stream->Next());
    return (*event)->table().providers(provider).auth_value();
  }
  v1::Provider WithCredential(std::string_view credential) {
    v1::Provider provider = TestProvider("openai");
    provider.set_auth_value(std::string(credential));
    return provider;
  }

  testing::FakeClock clock_;
  testing::SeededRandom random_{1};
  std::unique_ptr<crypto::Sealer> sealer_ = TestSealer(random_);
  RacedStore store_;
  RoutingService routing_{RoutingConfig(), {.store = store_, .sealer = *sealer_, .clock = clock_}};
  RoutingAdmin admin_{RoutingConfig(),
                      {.routing = routing_, .store = store_, .sealer = *sealer_, .clock = clock_}};
  api::AdminCall call_ = {.actor = "tok-1", .role = common::v1::ROLE_EDITOR, .organization = ""};
};

TEST_F(RoutingAdminTest, AnEditIsPlannedByWhenItIsAcknowledged) {
  ASSERT_THAT(Put(WithCredential(kCanary)), IsOk());
  EXPECT_EQ(CredentialAtTheEdges(), kCanary);
}

TEST_F(RoutingAdminTest, NoAnswerHasTheCredential) {
  const absl::StatusOr<v1::PutProviderResponse> put = Put(WithCredential(kCanary));
  ASSERT_THAT(put, IsOk());
  EXPECT_TRUE(put->provider().has_auth_value());
  EXPECT_THAT(put->SerializeAsString(), Not(HasSubstr("canary")));
  EXPECT_THAT(Providers().SerializeAsString(), Not(HasSubstr("canary")));
  EXPECT_TRUE(Providers().providers(0).has_auth_value());
}

TEST_F(RoutingAdminTest, NoStoreHasTheCredential) {
  ASSERT_THAT(Put(WithCredential(kCanary)), IsOk());
  const StoredObjects stored = *store_.Load();
  ASSERT_THAT(stored.objects, SizeIs(1));
  EXPECT_THAT(stored.objects[0].document, Not(HasSubstr("canary")));
  EXPECT_THAT(stored.objects[0].sealed_credential, AllOf(Not(HasSubstr("canary")), Not("")));
  const auto opened =
      sealer_->Open(stored.objects[0].sealed_credential, "provider/acme/openai/auth_value");
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(*opened, kCanary);
}

TEST_F(RoutingAdminTest, ARefusalDoesNotShowTheCredential) {
  v1::Provider provider = WithCredential(std::string(kCanary) + "\r\n");
  provider.set_base_url("nonsense");
  const absl::Status refused = Put(provider).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Paths(refused), ElementsAre("provider.base_url", "provider.auth_value"));
  EXPECT_THAT(refused.ToString(), Not(HasSubstr("canary")));
}

TEST_F(RoutingAdminTest, KeepsTheCredentialWhereAsked) {
  ASSERT_THAT(Put(WithCredential(kCanary)), IsOk());
  v1::Provider renamed = TestProvider("openai");
  renamed.set_display_name("OpenAI");
  renamed.set_keep_auth_value(true);
  const absl::StatusOr<v1::PutProviderResponse> put = Put(renamed);
  ASSERT_THAT(put, IsOk());
  EXPECT_TRUE(put->changed());
  EXPECT_TRUE(put->provider().has_auth_value());
  EXPECT_FALSE(put->provider().keep_auth_value());
  EXPECT_EQ(CredentialAtTheEdges(), kCanary);
}

TEST_F(RoutingAdminTest, DropsTheCredentialWhereNotAsked) {
  ASSERT_THAT(Put(WithCredential(kCanary)), IsOk());
  const absl::StatusOr<v1::PutProviderResponse> put = Put(TestProvider("openai"));
  ASSERT_THAT(put, IsOk());
  EXPECT_TRUE(put->changed());
  EXPECT_FALSE(put->provider().has_auth_value());
  EXPECT_EQ(CredentialAtTheEdges(), "");
}

TEST_F(RoutingAdminTest, CannotKeepWhatIsNotStored) {
  v1::Provider provider = TestProvider("openai");
  provider.set_keep_auth_value(true);
  EXPECT_THAT(Put(provider), StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("provider.keep_auth_value: is set, but no")));
}

TEST_F(RoutingAdminTest, ChangesNothingWhereNothingChanges) {
  v1::Provider provider = WithCredential(kCanary);
  EXPECT_TRUE(Put(provider)->changed());
  EXPECT_FALSE(Put(provider)->changed());
  provider.set_base_url("HTTPS://OPENAI.example.com/v1/");
  EXPECT_FALSE(Put(provider)->changed()) << "the same address, written otherwise";
  EXPECT_TRUE(Put(TestModel("fast", {"openai"}))->changed());
  clock_.Advance(std::chrono::hours(1));
  EXPECT_FALSE(Put(TestModel("fast", {"openai"}))->changed());
  EXPECT_TRUE(Put(TestProxy("assistant"))->changed());
  EXPECT_FALSE(Put(TestProxy("assistant"))->changed());
  EXPECT_EQ(*store_.Sequence(), 3);
  EXPECT_TRUE(Put(WithCredential("Bearer other"))->changed());
}

TEST_F(RoutingAdminTest, ReplacesACredentialThatDoesNotOpen) {
  testing::SeededRandom random(2);
  const auto lost = TestSealer(random, 'x');
  const StoredObject sealed_elsewhere =
      ToStored(TestProvider("openai"), lost->Seal(kCanary, CredentialContext(kAcme, "openai")));
  ASSERT_THAT(store_.Put(sealed_elsewhere, {.read_at = 0, .actor = "t", .at = {}}), IsOk());
  EXPECT_TRUE(Put(WithCredential(kCanary))->changed());
  EXPECT_EQ(CredentialAtTheEdges(), kCanary);
}

TEST_F(RoutingAdminTest, ValidatesOnlyWhereAsked) {
  EXPECT_TRUE(Put(WithCredential(kCanary), true)->changed());
  EXPECT_TRUE(Put(TestModel("fast", {"openai"}), true)->changed());
  EXPECT_TRUE(Put(TestProxy("assistant"), true)->changed());
  EXPECT_EQ(*store_.Sequence(), 0);
  EXPECT_THAT(Put(TestModel("fast", {}), true), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(RoutingAdminTest, AModelKeepsItsBirthday) {
  const int64_t born = Put(TestModel("fast", {"openai"}))->model().created_at().seconds();
  EXPECT_EQ(born, ToProto(clock_.Now()).seconds());
  clock_.Advance(std::chrono::hours(1));
  v1::Model forged = TestModel("fast", {"azure"});
  forged.mutable_created_at()->set_seconds(1);
  EXPECT_EQ(Put(forged)->model().created_at().seconds(), born);
}

TEST_F(RoutingAdminTest, LogsWhoChangedWhat) {
  ASSERT_THAT(Put(TestProxy("assistant")), IsOk());
  const std::vector<Change> changes = *store_.Changes(0, 10);
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].actor, "tok-1");
  EXPECT_EQ(changes[0].at, clock_.Now());
  EXPECT_EQ(changes[0].id.name, "assistant");
}

TEST_F(RoutingAdminTest, AProxyMayComeBeforeItsProvider) {
  v1::Proxy proxy = TestProxy("assistant");
  proxy.set_provider("openai");
  EXPECT_EQ(Put(proxy)->proxy().degraded_reason(), "provider 'openai' does not exist");
  EXPECT_EQ(Proxies().proxies(0).degraded_reason(), "provider 'openai' does not exist");
  ASSERT_THAT(Put(TestProvider("openai")), IsOk());
  EXPECT_EQ(Proxies().proxies(0).degraded_reason(), "");
  proxy.set_degraded_reason("forged");
  EXPECT_FALSE(Put(proxy)->changed());
}

TEST_F(RoutingAdminTest, GivesAContextToOneProxyOfAll) {
  ASSERT_THAT(Put(TestProxy("assistant")), IsOk());
  v1::Proxy rival = TestProxy("rival");
  rival.set_organization("zeta");
  rival.set_context("/assistant");
  EXPECT_THAT(Put(rival),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       HasSubstr("belongs to the proxy 'assistant' of organisation 'acme'")));
  EXPECT_THAT(Put(rival, true), StatusIs(absl::StatusCode::kAlreadyExists));
  call_.organization = "zeta";
  EXPECT_THAT(Put(rival), StatusIs(absl::StatusCode::kAlreadyExists,
                                   AllOf(HasSubstr("another organisation"), Not(HasSubstr("acme")),
                                         Not(HasSubstr("proxy '")))));
  rival.set_context("/assistant/below");
  EXPECT_THAT(Put(rival), IsOk());
}

TEST_F(RoutingAdminTest, AProxyMayMoveToAnotherContext) {
  ASSERT_THAT(Put(TestProxy("assistant")), IsOk());
  v1::Proxy moved = TestProxy("assistant");
  moved.set_context("/elsewhere");
  EXPECT_TRUE(Put(moved)->changed());
  v1::Proxy successor = TestProxy("successor");
  successor.set_context("/assistant");
  EXPECT_THAT(Put(successor), IsOk());
}

TEST_F(RoutingAdminTest, DoesNotDeleteAProviderThatIsNamed) {
  ASSERT_THAT(Put(TestProvider("openai")), IsOk());
  ASSERT_THAT(Put(TestModel("fast", {"openai"})), IsOk());
  v1::Proxy through = TestProxy("through");
  through.set_provider("openai");
  ASSERT_THAT(Put(through), IsOk());
  const auto request = Named<v1::DeleteProviderRequest>("openai");
  EXPECT_THAT(admin_.DeleteProvider(call_, request),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "provider 'openai' is named by model 'fast', proxy 'through'"));
  ASSERT_THAT(admin_.DeleteModel(call_, Named<v1::DeleteModelRequest>("fast")), IsOk());
  ASSERT_THAT(admin_.DeleteProxy(call_, Named<v1::DeleteProxyRequest>("through")), IsOk());
  EXPECT_THAT(admin_.DeleteProvider(call_, request), IsOk());
  EXPECT_THAT(Providers().providers(), SizeIs(0));
}

TEST_F(RoutingAdminTest, DoesNotDeleteAModelThatIsNamed) {
  ASSERT_THAT(Put(TestModel("fast", {"openai"})), IsOk());
  for (int i = 0; i < 12; ++i) {
    ASSERT_THAT(Put(RotationProxy(fmt::format("p-{:02}", i), {"fast"}, {})), IsOk());
  }
  EXPECT_THAT(admin_.DeleteModel(call_, Named<v1::DeleteModelRequest>("fast")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("proxy 'p-00'"), HasSubstr("proxy 'p-09' and 2 more"))));
}

TEST_F(RoutingAdminTest, DeletingWhatIsNotThereSaysSo) {
  EXPECT_THAT(admin_.DeleteProvider(call_, Named<v1::DeleteProviderRequest>("nope")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("provider 'nope'")));
  EXPECT_THAT(admin_.DeleteModel(call_, Named<v1::DeleteModelRequest>("nope")),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(admin_.DeleteProxy(call_, Named<v1::DeleteProxyRequest>("nope")),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(admin_.DeleteProxy(call_, Named<v1::DeleteProxyRequest>("")),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(RoutingAdminTest, ChecksAnewWhenAnotherProcessWasFaster) {
  v1::Proxy rival = TestProxy("rival");
  rival.set_context("/assistant");
  store_.rivals.push_back(ToStored(rival));
  EXPECT_THAT(Put(TestProxy("assistant")), StatusIs(absl::StatusCode::kAlreadyExists));
  store_.rivals.push_back(ToStored(TestProxy("harmless")));
  EXPECT_THAT(Put(TestProxy("other")), IsOk());
  EXPECT_THAT(Proxies().proxies(), SizeIs(3));
}

TEST_F(RoutingAdminTest, GivesUpWhenOthersAreAlwaysFaster) {
  for (int i = 0; i < 20; ++i) {
    store_.rivals.push_back(ToStored(TestModel(fmt::format("m-{}", i), {"openai"})));
  }
  EXPECT_THAT(Put(TestProxy("assistant")), StatusIs(absl::StatusCode::kAborted));
  EXPECT_FALSE(store_.rivals.empty());
}

TEST_F(RoutingAdminTest, ListsInPagesByName) {
  for (const std::string_view name : {"m-5", "m-1", "m-3", "m-2", "m-4"}) {
    ASSERT_THAT(Put(TestModel(name, {"openai"})), IsOk());
  }
  v1::Model foreign = TestModel("m-0", {"openai"});
  foreign.set_organization("zeta");
  ASSERT_THAT(Put(foreign), IsOk());

  std::vector<std::string> names;
  std::string token;
  int pages = 0;
  do {
    const auto page = admin_.ListModels(call_, Listing<v1::ListModelsRequest>(2, token));
    ASSERT_THAT(page, IsOk());
    for (const v1::Model& each : page->models()) names.push_back(each.name());
    token = page->next_page_token();
    ++pages;
    // What goes while somebody lists shifts nothing.
    if (pages == 1) {
      ASSERT_THAT(admin_.DeleteModel(call_, Named<v1::DeleteModelRequest>("m-2")), IsOk());
    }
  } while (!token.empty());
  EXPECT_THAT(names, ElementsAre("m-1", "m-2", "m-3", "m-4", "m-5"));
  EXPECT_EQ(pages, 3);
}

TEST_F(RoutingAdminTest, AFullLastPageIsTheLast) {
  ASSERT_THAT(Put(TestModel("m-1", {"openai"})), IsOk());
  ASSERT_THAT(Put(TestModel("m-2", {"openai"})), IsOk());
  const auto page = admin_.ListModels(call_, Listing<v1::ListModelsRequest>(2));
  EXPECT_THAT(page->models(), SizeIs(2));
  EXPECT_EQ(page->next_page_token(), "");
}

TEST_F(RoutingAdminTest, RefusesBadListings) {
  const auto too_large = admin_.ListModels(call_, Listing<v1::ListModelsRequest>(1001, "xyz"));
  EXPECT_THAT(too_large, StatusIs(absl::StatusCode::kInvalidArgument,
                                  AllOf(HasSubstr("page_size"), HasSubstr("page_token"))));
  EXPECT_THAT(admin_.ListProxies(call_, Listing<v1::ListProxiesRequest>(-1)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(admin_.ListProviders(call_, v1::ListProvidersRequest()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("organization")));
  EXPECT_THAT(admin_.GetHealth(call_, v1::GetHealthRequest()),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(RoutingAdminTest, ListsOnlyTheOrganisationThatWasNamed) {
  v1::Provider foreign = TestProvider("foreign");
  foreign.set_organization("zeta");
  ASSERT_THAT(Put(foreign), IsOk());
  ASSERT_THAT(Put(TestProvider("openai")), IsOk());
  ASSERT_THAT(Providers().providers(), SizeIs(1));
  EXPECT_EQ(Providers().providers(0).name(), "openai");
}

TEST_F(RoutingAdminTest, TakesPlaintextOnlyWhereConfigured) {
  v1::Provider local = TestProvider("ollama");
  local.set_base_url("http://127.0.0.1:11434/v1");
  EXPECT_THAT(Put(local), StatusIs(absl::StatusCode::kInvalidArgument));
  RoutingAdmin lenient({.allow_plaintext_upstreams = true},
                       {.routing = routing_, .store = store_, .sealer = *sealer_, .clock = clock_});
  v1::PutProviderRequest request;
  *request.mutable_provider() = local;
  EXPECT_THAT(lenient.PutProvider(call_, request), IsOk());
}

}  // namespace
}  // namespace weir::routing
