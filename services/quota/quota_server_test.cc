#include "services/quota/quota_server.h"

#include <gtest/gtest.h>

#include "services/quota/quota_for_test.h"

namespace weir::quota {
namespace {

class QuotaServerTest : public ::testing::Test {
 protected:
  QuotaServerTest() { RegisterQuotaAdmin(registry_, admin_); }

  absl::Status Put(common::v1::Role role, const std::string& bound_to) {
    v1::PutLimitRequest request;
    *request.mutable_limit() = LimitOf({.name = "day"});
    const api::AdminCall call{.actor = "test", .role = role, .organization = bound_to};
    return registry_.Call(call, "weir.quota.v1.QuotaAdminService/PutLimit", request).status();
  }

  QuotaForTest quota_;
  QuotaAdmin admin_{{.store = quota_.store,
                     .limits = quota_.limits,
                     .ledger = quota_.ledger,
                     .quota = quota_.service(),
                     .clock = quota_.clock}};
  rpc::AdminRegistry registry_;
};

TEST_F(QuotaServerTest, EveryMethodIsServed) {
  EXPECT_THAT(registry_.Complete(), IsOk());
  EXPECT_EQ(registry_.Methods().size(), 5u);
}

TEST_F(QuotaServerTest, EditingNeedsAnEditorOfThatOrganisation) {
  EXPECT_THAT(Put(common::v1::ROLE_VIEWER, ""), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(Put(common::v1::ROLE_EDITOR, "other"), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(*quota_.store.Sequence(), 0);
  EXPECT_THAT(Put(common::v1::ROLE_EDITOR, "acme"), IsOk());
  EXPECT_EQ(*quota_.store.Sequence(), 1);
}

TEST_F(QuotaServerTest, StatesOfAnotherOrganisationAreNotShown) {
  v1::GetLimitStatesRequest request;
  *request.mutable_subjects() = SubjectsOf("ann");
  const api::AdminCall call{
      .actor = "test", .role = common::v1::ROLE_VIEWER, .organization = "other"};
  EXPECT_THAT(registry_.Call(call, "weir.quota.v1.QuotaAdminService/GetLimitStates", request),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

}  // namespace
}  // namespace weir::quota
