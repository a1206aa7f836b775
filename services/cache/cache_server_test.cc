#include "services/cache/cache_server.h"

#include "services/cache/cache_for_test.h"

namespace weir::cache {
namespace {

using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

class CacheServerTest : public ::testing::Test {
 protected:
  CacheServerTest() { RegisterCacheAdmin(registry_, cache_.cache->admin()); }

  CacheForTest cache_;
  rpc::AdminRegistry registry_;
};

TEST_F(CacheServerTest, ServesEveryMethodOfTheService) {
  EXPECT_THAT(registry_.Complete(), IsOk());
  EXPECT_THAT(registry_.Methods(),
              SizeIs(static_cast<size_t>(v1::PutCachePolicyRequest::descriptor()
                                             ->file()
                                             ->FindServiceByName("CacheAdminService")
                                             ->method_count())));
}

TEST_F(CacheServerTest, ServesEveryHotMethod) {
  rpc::ServiceRegistry hot{std::string(kCacheService)};
  RegisterCache(hot, cache_.cache->service());
  EXPECT_THAT(hot.Names(), UnorderedElementsAre("Lookup", "Confirm", "Lead", "Renew", "Release",
                                                "Record", "Watch"));
}

TEST_F(CacheServerTest, CarriesACall) {
  v1::ListCachePoliciesRequest request;
  request.set_organization(std::string(kAcme));
  const auto answer =
      registry_.Call(cache_.editor, "weir.cache.v1.CacheAdminService/ListCachePolicies", request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(static_cast<const v1::ListCachePoliciesResponse&>(**answer).policies_size(), 2);
}

TEST_F(CacheServerTest, RefusesAnotherOrganisation) {
  api::AdminCall other = cache_.editor;
  other.organization = "zeta";
  v1::PutCachePolicyRequest request;
  *request.mutable_policy() = TestPolicy("shared");
  EXPECT_THAT(registry_.Call(other, "weir.cache.v1.CacheAdminService/PutCachePolicy", request),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

}  // namespace
}  // namespace weir::cache
