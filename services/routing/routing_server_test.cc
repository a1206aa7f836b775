#include "services/routing/routing_server.h"

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "services/routing/memory_route_store.h"
#include "services/routing/route_fixtures.h"

namespace weir::routing {
namespace {

using ::testing::SizeIs;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

class RoutingServerTest : public ::testing::Test {
 protected:
  RoutingServerTest() { RegisterRoutingAdmin(registry_, admin_); }

  testing::FakeClock clock_;
  testing::SeededRandom random_{1};
  std::unique_ptr<crypto::Sealer> sealer_ = TestSealer(random_);
  MemoryRouteStore store_;
  RoutingService routing_{RoutingConfig(), {.store = store_, .sealer = *sealer_, .clock = clock_}};
  RoutingAdmin admin_{RoutingConfig(),
                      {.routing = routing_, .store = store_, .sealer = *sealer_, .clock = clock_}};
  rpc::AdminRegistry registry_;
};

TEST_F(RoutingServerTest, ServesEveryMethodOfTheService) {
  EXPECT_THAT(registry_.Complete(), IsOk());
  EXPECT_THAT(registry_.Methods(),
              SizeIs(static_cast<size_t>(v1::PutProviderRequest::descriptor()
                                             ->file()
                                             ->FindServiceByName("RoutingAdminService")
                                             ->method_count())));
}

TEST_F(RoutingServerTest, CarriesACall) {
  const api::AdminCall call = {
      .actor = "tok-1", .role = common::v1::ROLE_EDITOR, .organization = "acme"};
  v1::PutProviderRequest request;
  *request.mutable_provider() = TestProvider("openai");
  const auto answer =
      registry_.Call(call, "weir.routing.v1.RoutingAdminService/PutProvider", request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(static_cast<const v1::PutProviderResponse&>(**answer).changed());
}

TEST_F(RoutingServerTest, RefusesAnotherOrganisation) {
  const api::AdminCall call = {
      .actor = "tok-1", .role = common::v1::ROLE_EDITOR, .organization = "zeta"};
  v1::PutProviderRequest request;
  *request.mutable_provider() = TestProvider("openai");
  EXPECT_THAT(registry_.Call(call, "weir.routing.v1.RoutingAdminService/PutProvider", request),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

}  // namespace
}  // namespace weir::routing
