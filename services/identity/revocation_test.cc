// The edge's cache over the real service: how a change reaches whoever remembers.
#include <gtest/gtest.h>

#include "common/api/caching_identity.h"
#include "common/testing/fake_timers.h"
#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "services/identity/sql_directory.h"
#include "services/identity/test_identity.h"

namespace weir::identity {
namespace {

using testing::IsOk;
using testing::StatusIs;

class RevocationTest : public ::testing::Test {
 protected:
  RevocationTest() {
    asio::co_spawn(identity_.loop, cached_.Run(), asio::detached);
    Poll();
  }
  ~RevocationTest() override { identity_.feed->Close(); }

  void Poll() {
    identity_.loop.restart();
    identity_.loop.poll();
  }
  v1::CreateKeyResponse CreateKey() {
    v1::CreateKeyRequest request;
    request.set_organization("acme");
    return *identity_.admin.CreateKey(identity_.root, request);
  }
  absl::Status Revoke(const std::string& public_id) {
    v1::RevokeKeyRequest request;
    request.set_organization("acme");
    request.set_key(public_id);
    return identity_.admin.RevokeKey(identity_.root, request).status();
  }
  absl::Status Disable(bool disabled) {
    v1::PutOrganizationRequest request;
    request.mutable_organization()->set_name("acme");
    request.mutable_organization()->set_disabled(disabled);
    return identity_.admin.PutOrganization(identity_.root, request).status();
  }
  absl::Status Resolve(const std::string& key) {
    return testing::RunUntilDone(identity_.loop, cached_.Resolve({}, key)).status();
  }

  std::unique_ptr<sql::Database> database_ = *sql::OpenSqlite({.path = ":memory:"});
  TestIdentity identity_{*SqlDirectory::Open(*database_)};
  testing::FakeTimers timers_{identity_.clock};
  api::CachingIdentity cached_{
      {}, {.inner = identity_.service, .timers = timers_, .random = identity_.random}};
};

TEST_F(RevocationTest, ARevokedKeyIsRefusedAsSoonAsTheEventIsThere) {
  const auto key = CreateKey();
  const auto other = CreateKey();
  ASSERT_THAT(Resolve(key.secret()), IsOk());
  ASSERT_THAT(Resolve(other.secret()), IsOk());
  ASSERT_NE(cached_.FindFresh(key.secret()), nullptr);
  ASSERT_THAT(Revoke(key.key().public_id()), IsOk());
  Poll();
  EXPECT_EQ(cached_.FindFresh(key.secret()), nullptr);
  EXPECT_NE(cached_.FindFresh(other.secret()), nullptr);
  EXPECT_THAT(Resolve(key.secret()), StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(RevocationTest, ADisabledOrganizationIsRefusedAndWelcomeAgain) {
  const auto key = CreateKey();
  ASSERT_THAT(Resolve(key.secret()), IsOk());
  ASSERT_THAT(Disable(true), IsOk());
  Poll();
  EXPECT_THAT(Resolve(key.secret()), StatusIs(absl::StatusCode::kUnauthenticated));
  ASSERT_THAT(Disable(false), IsOk());
  Poll();
  EXPECT_THAT(Resolve(key.secret()), IsOk());
}

TEST_F(RevocationTest, AKeyWorksAsSoonAsItIsThereAlthoughItWasTriedBefore) {
  constexpr char kValue[] = "a-value-that-comes-later";
  EXPECT_THAT(Resolve(kValue), StatusIs(absl::StatusCode::kUnauthenticated));
  v1::PutKeyRequest put;
  put.set_organization("acme");
  put.set_name("late");
  put.set_value(kValue);
  ASSERT_THAT(identity_.admin.PutKey(identity_.root, put), IsOk());
  Poll();
  EXPECT_THAT(Resolve(kValue), IsOk());
}

}  // namespace
}  // namespace weir::identity
