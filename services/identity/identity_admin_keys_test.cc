#include <gtest/gtest.h>

#include "common/status/detail.h"
#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "services/identity/memory_directory.h"
#include "services/identity/test_identity.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::identity {
namespace {

using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kValue[] = "first-value-of-a-key";
constexpr char kOther[] = "other-value-of-a-key";

class KeysTest : public ::testing::Test {
 protected:
  static v1::CreateKeyRequest Create(const std::string& name) {
    v1::CreateKeyRequest request;
    request.set_organization("acme");
    request.set_name(name);
    return request;
  }
  static v1::PutKeyRequest Put(const std::string& name, const std::string& value) {
    v1::PutKeyRequest request;
    request.set_organization("acme");
    request.set_name(name);
    request.set_value(value);
    return request;
  }
  absl::StatusOr<v1::RevokeKeyResponse> Revoke(const std::string& key) {
    v1::RevokeKeyRequest request;
    request.set_organization("acme");
    request.set_key(key);
    return admin_.RevokeKey(root_, request);
  }
  std::vector<std::string> Names(bool include_ended) {
    v1::ListKeysRequest request;
    request.set_organization("acme");
    request.set_include_ended(include_ended);
    std::vector<std::string> names;
    const auto response = admin_.ListKeys(root_, request);
    for (const auto& each : response->keys()) names.push_back(each.name());
    return names;
  }
  bool Works(const std::string& value) {
    v1::AuthenticateRequest request;
    request.set_api_key(value);
    return testing::RunUntilDone(identity_.loop, identity_.service.Authenticate({}, request)).ok();
  }
  static std::vector<std::string> BadPaths(const absl::Status& status) {
    std::vector<std::string> paths;
    const auto detail = status::Detail<common::v1::BadFields>(status);
    if (!detail) return paths;
    for (const auto& each : detail->fields()) paths.push_back(each.path());
    return paths;
  }

  TestIdentity identity_{std::make_shared<MemoryDirectory>(),
                         IdentityConfig{.max_keys_per_organization = 3}};
  IdentityAdmin& admin_ = identity_.admin;
  const api::AdminCall& root_ = identity_.root;
};

TEST_F(KeysTest, ACreatedKeyIsShownOnceAndWorks) {
  const auto created = admin_.CreateKey(root_, Create("ci-key"));
  ASSERT_THAT(created, IsOk());
  const auto parsed = ParseKey("wr_", created->secret());
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(created->key().public_id(), parsed->public_id);
  EXPECT_EQ(created->key().prefix(), created->secret().substr(0, 7));
  EXPECT_TRUE(created->key().has_created_at());
  EXPECT_FALSE(created->key().has_expires_at());
  EXPECT_TRUE(Works(created->secret()));
  EXPECT_THAT(Names(false), ElementsAre("ci-key"));
}

TEST_F(KeysTest, AKeyWithoutANameGetsOne) {
  EXPECT_THAT(admin_.CreateKey(root_, Create(""))->key().name(), StartsWith("key-"));
  EXPECT_EQ(admin_.CreateKey(root_, Create(""))->key().name().size(), 12u);
}

TEST_F(KeysTest, BadFieldsOfANewKeyAreListed) {
  v1::CreateKeyRequest request = Create("ab");
  request.set_organization("ACME");
  request.set_team("T!");
  request.set_user("U U");
  request.add_allowed_models("");
  request.add_allowed_proxies("p");
  request.add_allowed_proxies("p");
  request.add_scopes("Chat");
  request.mutable_lifetime()->set_seconds(-1);
  EXPECT_THAT(BadPaths(admin_.CreateKey(root_, request).status()),
              ElementsAre("organization", "name", "team", "user", "allowed_models[0]",
                          "allowed_proxies[1]", "scopes[0]", "lifetime"));
}

struct NameCase {
  std::string name, key_name;
  bool good = false;
};
class KeyNameTest : public KeysTest, public ::testing::WithParamInterface<NameCase> {};
TEST_P(KeyNameTest, IsAcceptedOrRefused) {
  EXPECT_EQ(admin_.CreateKey(root_, Create(GetParam().key_name)).ok(), GetParam().good);
}
INSTANTIATE_TEST_SUITE_P(Cases, KeyNameTest,
                         ::testing::ValuesIn<NameCase>({
                             {.name = "TwoBytes", .key_name = "ab"},
                             {.name = "ThreeBytes", .key_name = "abc", .good = true},
                             {.name = "SixtyThree", .key_name = std::string(63, 'a'), .good = true},
                             {.name = "SixtyFour", .key_name = std::string(64, 'a')},
                             {.name = "WithSpaces", .key_name = "My Key 1", .good = true},
                             {.name = "Control", .key_name = "a\x01z"},
                             {.name = "LikeAKey", .key_name = "wr_abc"},
                             {.name = "LikeAToken", .key_name = "wa_abc"},
                         }),
                         [](const auto& each) { return each.param.name; });

struct LifetimeCase {
  std::string name;
  int64_t seconds = 0;
  int32_t nanos = 0;
  bool good = false;
};
class KeyLifetimeTest : public KeysTest, public ::testing::WithParamInterface<LifetimeCase> {};
TEST_P(KeyLifetimeTest, IsAcceptedOrRefused) {
  v1::CreateKeyRequest request = Create("abc");
  request.mutable_lifetime()->set_seconds(GetParam().seconds);
  request.mutable_lifetime()->set_nanos(GetParam().nanos);
  EXPECT_EQ(admin_.CreateKey(root_, request).ok(), GetParam().good);
}
INSTANTIATE_TEST_SUITE_P(Cases, KeyLifetimeTest,
                         ::testing::ValuesIn<LifetimeCase>({
                             {.name = "Zero"},
                             {.name = "Second", .seconds = 1, .good = true},
                             {.name = "Millisecond", .nanos = 1'000'000, .good = true},
                             {.name = "Negative", .seconds = -1},
                             {.name = "NegativeNanos", .seconds = 1, .nanos = -1},
                             {.name = "TooManyNanos", .nanos = 1'000'000'000},
                             {.name = "HundredYears", .seconds = 3'155'760'000, .good = true},
                             {.name = "Forever", .seconds = 315'576'000'000},
                             {.name = "Overflow", .seconds = std::numeric_limits<int64_t>::max()},
                         }),
                         [](const auto& each) { return each.param.name; });

TEST_F(KeysTest, ReferencesMustExist) {
  v1::CreateKeyRequest request = Create("abc");
  request.set_team("red");
  request.set_user("ann");
  const absl::Status refused = admin_.CreateKey(root_, request).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(BadPaths(refused), ElementsAre("team", "user"));
}

TEST_F(KeysTest, ANameInUseIsRefusedAndFreeAgainAfterRevoking) {
  ASSERT_THAT(admin_.CreateKey(root_, Create("abc")), IsOk());
  EXPECT_THAT(admin_.CreateKey(root_, Create("abc")),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("'abc'")));
  ASSERT_THAT(Revoke("abc"), IsOk());
  EXPECT_THAT(admin_.CreateKey(root_, Create("abc")), IsOk());
}

TEST_F(KeysTest, AnOrganizationHasOnlySoManyKeys) {
  for (int i = 0; i < 3; ++i) ASSERT_THAT(admin_.CreateKey(root_, Create("")), IsOk());
  EXPECT_THAT(admin_.CreateKey(root_, Create("one-more")),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("3 keys")));
  EXPECT_THAT(admin_.PutKey(root_, Put("one-more", kValue)),
              StatusIs(absl::StatusCode::kResourceExhausted));
  ASSERT_THAT(Revoke(Names(false).front()), IsOk());
  EXPECT_THAT(admin_.CreateKey(root_, Create("one-more")), IsOk());
}

TEST_F(KeysTest, PuttingTheSameKeyAgainChangesNothing) {
  const auto first = admin_.PutKey(root_, Put("seed", kValue));
  ASSERT_THAT(first, IsOk());
  EXPECT_TRUE(first->changed());
  EXPECT_THAT(first->key().public_id(), StartsWith("x"));
  EXPECT_EQ(first->key().prefix(), "");
  EXPECT_TRUE(Works(kValue));
  const uint64_t sequence = identity_.feed->sequence();
  const auto again = admin_.PutKey(root_, Put("seed", kValue));
  EXPECT_FALSE(again->changed());
  EXPECT_EQ(again->key().public_id(), first->key().public_id());
  EXPECT_EQ(identity_.feed->sequence(), sequence);
}

TEST_F(KeysTest, PuttingOtherAttributesChangesTheKeyInPlace) {
  const auto first = admin_.PutKey(root_, Put("seed", kValue));
  auto changed = Put("seed", kValue);
  changed.add_scopes("chat");
  const auto second = admin_.PutKey(root_, changed);
  EXPECT_TRUE(second->changed());
  EXPECT_EQ(second->key().public_id(), first->key().public_id());
  EXPECT_THAT(second->key().scopes(), ElementsAre("chat"));
  EXPECT_FALSE(admin_.PutKey(root_, changed)->changed());
}

TEST_F(KeysTest, PuttingAnotherValueReplacesTheKeyInOneStep) {
  const auto first = admin_.PutKey(root_, Put("seed", kValue));
  const auto second = admin_.PutKey(root_, Put("seed", kOther));
  ASSERT_THAT(second, IsOk());
  EXPECT_TRUE(second->changed());
  EXPECT_NE(second->key().public_id(), first->key().public_id());
  EXPECT_FALSE(Works(kValue));
  EXPECT_TRUE(Works(kOther));
  EXPECT_THAT(Names(false), ElementsAre("seed"));
  EXPECT_THAT(Names(true), ElementsAre("seed", "seed"));
  // And back: the old value is another key now.
  const auto third = admin_.PutKey(root_, Put("seed", kValue));
  ASSERT_THAT(third, IsOk());
  EXPECT_NE(third->key().public_id(), first->key().public_id());
  EXPECT_TRUE(Works(kValue));
}

TEST_F(KeysTest, AValueInUseUnderAnotherNameIsRefusedAndNotShown) {
  ASSERT_THAT(admin_.PutKey(root_, Put("seed", kValue)), IsOk());
  const auto refused = admin_.PutKey(root_, Put("other", kValue));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kAlreadyExists, Not(HasSubstr(kValue))));
  EXPECT_THAT(Names(false), ElementsAre("seed"));
}

TEST_F(KeysTest, ARefusedReplacementLeavesTheOldKey) {
  ASSERT_THAT(admin_.PutKey(root_, Put("seed", kValue)), IsOk());
  ASSERT_THAT(admin_.PutKey(root_, Put("other", kOther)), IsOk());
  EXPECT_THAT(admin_.PutKey(root_, Put("seed", kOther)),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_TRUE(Works(kValue));
}

TEST_F(KeysTest, ADryRunOfPutKeyChangesNothing) {
  auto request = Put("seed", kValue);
  request.set_validate_only(true);
  const auto tried = admin_.PutKey(root_, request);
  ASSERT_THAT(tried, IsOk());
  EXPECT_TRUE(tried->changed());
  EXPECT_EQ(tried->key().public_id(), "");
  EXPECT_FALSE(Works(kValue));
  ASSERT_THAT(admin_.PutKey(root_, Put("seed", kValue)), IsOk());
  EXPECT_FALSE(admin_.PutKey(root_, request)->changed());
  request.set_value(kOther);
  EXPECT_TRUE(admin_.PutKey(root_, request)->changed());
  EXPECT_TRUE(Works(kValue));
}

TEST_F(KeysTest, AValueOfOursMayBePutAndKeepsItsPrefix) {
  const std::string value = NewKey("wr_", identity_.random);
  const auto put = admin_.PutKey(root_, Put("moved", value));
  ASSERT_THAT(put, IsOk());
  EXPECT_EQ(put->key().prefix(), value.substr(0, 7));
  EXPECT_TRUE(Works(value));
}

TEST_F(KeysTest, AValueOfABadShapeIsRefusedAndNotShown) {
  for (const char* value :
       {"", "short-secret", "wr_secret-that-is-not-ours", "secret secret secr\n"}) {
    const absl::Status refused = admin_.PutKey(root_, Put("seed", value)).status();
    EXPECT_THAT(BadPaths(refused), ElementsAre("value")) << value;
    EXPECT_THAT(refused.ToString(), Not(HasSubstr("secret")));
  }
}

TEST_F(KeysTest, InTheDevProfileShortValuesAreTaken) {
  TestIdentity dev(std::make_shared<MemoryDirectory>(), IdentityConfig{.short_keys = true});
  EXPECT_THAT(dev.admin.PutKey(root_, Put("seed", "demo-api-key")), IsOk());
}

TEST_F(KeysTest, RevokesByIdOrNameAndTwiceIsFine) {
  const auto created = admin_.CreateKey(root_, Create("abc"));
  const auto revoked = Revoke(created->key().public_id());
  ASSERT_THAT(revoked, IsOk());
  EXPECT_TRUE(revoked->key().has_revoked_at());
  EXPECT_FALSE(Works(created->secret()));
  identity_.clock.Advance(1s);
  const auto again = Revoke("abc");
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->key().revoked_at().seconds(), revoked->key().revoked_at().seconds());
  EXPECT_THAT(Names(false), ElementsAre());
  EXPECT_THAT(Names(true), ElementsAre("abc"));
}

TEST_F(KeysTest, AnUnknownKeyIsNotFoundAndASecretInItsPlaceIsNotShown) {
  EXPECT_THAT(Revoke("nobody"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("no such key")));
  const auto created = admin_.CreateKey(root_, Create("abc"));
  EXPECT_THAT(Revoke(created->secret()),
              StatusIs(absl::StatusCode::kNotFound, Not(HasSubstr(created->key().public_id()))));
}

TEST_F(KeysTest, AKeyOfAnotherOrganizationIsNotFound) {
  ASSERT_THAT(admin_.EnsureOrganization("beta"), IsOk());
  v1::CreateKeyRequest request = Create("theirs");
  request.set_organization("beta");
  const auto theirs = admin_.CreateKey(root_, request);
  EXPECT_THAT(Revoke(theirs->key().public_id()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_TRUE(Works(theirs->secret()));
}

TEST_F(KeysTest, ListsInPagesNewestLast) {
  for (const char* name : {"ccc", "aaa", "bbb"}) {
    ASSERT_THAT(admin_.CreateKey(root_, Create(name)), IsOk());
  }
  v1::ListKeysRequest request;
  request.set_organization("acme");
  request.set_page_size(2);
  auto page = admin_.ListKeys(root_, request);
  ASSERT_EQ(page->keys_size(), 2);
  EXPECT_EQ(page->keys(0).name(), "ccc");
  request.set_page_token(page->next_page_token());
  page = admin_.ListKeys(root_, request);
  ASSERT_EQ(page->keys_size(), 1);
  EXPECT_EQ(page->keys(0).name(), "bbb");
  EXPECT_EQ(page->next_page_token(), "");
}

}  // namespace
}  // namespace weir::identity
