#pragma once

// What every Directory does. Include it in one test file, and instantiate DirectoryContract for
// each implementation.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "common/testing/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "services/identity/directory.h"
#include "services/identity/stored_time.h"

namespace weir::identity {

struct DirectoryMaker {
  std::string name;
  // An empty directory.
  std::function<std::shared_ptr<Directory>()> make;
};

class DirectoryContract : public ::testing::TestWithParam<DirectoryMaker> {
 protected:
  static v1::Organization Organization(const std::string& name) {
    v1::Organization organization;
    organization.set_name(name);
    organization.set_display_name("The " + name);
    return organization;
  }
  static v1::Team Team(const std::string& organization, const std::string& name) {
    v1::Team team;
    team.set_organization(organization);
    team.set_name(name);
    return team;
  }
  static v1::User User(const std::string& organization, const std::string& name,
                       const std::string& team = "") {
    v1::User user;
    user.set_organization(organization);
    user.set_name(name);
    user.set_team(team);
    return user;
  }
  static KeyRecord Key(const std::string& organization, const std::string& id,
                       const std::string& name, const std::string& digest) {
    KeyRecord record = {.digest = digest};
    record.key.set_organization(organization);
    record.key.set_public_id(id);
    record.key.set_name(name);
    return record;
  }
  static TokenRecord Token(const std::string& organization, const std::string& id) {
    TokenRecord record = {.digest = "digest of " + id};
    record.token.set_id(id);
    record.token.set_organization(organization);
    return record;
  }

  absl::Status Write(const std::function<absl::Status(DirectoryWriter&)>& work) {
    return directory_->Write(work);
  }
  // Stores, one transaction each.
  template <typename Method, typename Object>
  absl::Status Store(Method method, const Object& object) {
    return Write([&](DirectoryWriter& writer) { return (writer.*method)(object); });
  }
  void Add(const v1::Organization& each) {
    ASSERT_THAT(Store(&DirectoryWriter::StoreOrganization, each), testing::IsOk());
  }
  void Add(const v1::Team& each) {
    ASSERT_THAT(Store(&DirectoryWriter::StoreTeam, each), testing::IsOk());
  }
  void Add(const v1::User& each) {
    ASSERT_THAT(Store(&DirectoryWriter::StoreUser, each), testing::IsOk());
  }
  void Add(const KeyRecord& each) {
    ASSERT_THAT(Store(&DirectoryWriter::StoreKey, each), testing::IsOk());
  }
  void Add(const TokenRecord& each) {
    ASSERT_THAT(Store(&DirectoryWriter::StoreToken, each), testing::IsOk());
  }
  // What `read` returns in a transaction of its own.
  template <typename Read>
  auto Get(Read read) {
    using Result = typename std::invoke_result_t<Read, DirectoryReader&>::value_type;
    Result result{};
    EXPECT_THAT(directory_->Read([&](DirectoryReader& reader) -> absl::Status {
      WEIR_ASSIGN_OR_RETURN(result, read(reader));
      return absl::OkStatus();
    }),
                testing::IsOk());
    return result;
  }
  std::vector<std::string> KeyIds(const std::string& organization, bool usable,
                                  PositionPage page = {}) {
    std::optional<WallTime> at;
    if (usable) at = clock_.Now();
    std::vector<std::string> ids;
    for (const KeyRecord& each :
         Get([&](DirectoryReader& reader) { return reader.ListKeys(organization, at, page); })) {
      ids.push_back(each.key.public_id());
    }
    return ids;
  }

  testing::FakeClock clock_;
  const std::shared_ptr<Directory> directory_ = GetParam().make();
};

TEST_P(DirectoryContract, BringsBackWhatWasStored) {
  Add(Organization("acme"));
  Add(Team("acme", "red"));
  Add(User("acme", "ann", "red"));
  EXPECT_EQ(Get([](auto& r) { return r.FindOrganization("acme"); })->display_name(), "The acme");
  EXPECT_EQ(Get([](auto& r) { return r.FindTeam("acme", "red"); })->name(), "red");
  EXPECT_EQ(Get([](auto& r) { return r.FindUser("acme", "ann"); })->team(), "red");
  EXPECT_FALSE(Get([](auto& r) { return r.FindOrganization("acm"); }).has_value());
  EXPECT_FALSE(Get([](auto& r) { return r.FindTeam("other", "red"); }).has_value());
  EXPECT_FALSE(Get([](auto& r) { return r.FindUser("acme", "bob"); }).has_value());
}

TEST_P(DirectoryContract, StoringAgainReplaces) {
  Add(Organization("acme"));
  v1::Organization changed = Organization("acme");
  changed.set_disabled(true);
  Add(changed);
  EXPECT_TRUE(Get([](auto& r) { return r.FindOrganization("acme"); })->disabled());
  EXPECT_EQ(Get([](auto& r) { return r.ListOrganizations({}); }).size(), 1u);
}

TEST_P(DirectoryContract, NothingBelongsToAnOrganizationThatIsNotThere) {
  EXPECT_THAT(Store(&DirectoryWriter::StoreTeam, Team("acme", "red")),
              testing::StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Store(&DirectoryWriter::StoreUser, User("acme", "ann")),
              testing::StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Store(&DirectoryWriter::StoreKey, Key("acme", "k1", "one", "d1")),
              testing::StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_P(DirectoryContract, AFailedWriteLeavesNothing) {
  EXPECT_THAT(Write([](DirectoryWriter& writer) -> absl::Status {
                WEIR_RETURN_IF_ERROR(writer.StoreOrganization(Organization("acme")));
                WEIR_RETURN_IF_ERROR(writer.Log({}, WallTime()).status());
                return status::Aborted("no");
              }),
              testing::StatusIs(absl::StatusCode::kAborted));
  EXPECT_FALSE(Get([](auto& r) { return r.FindOrganization("acme"); }).has_value());
  EXPECT_EQ(Get([](auto& r) { return r.LastSequence(); }), 0u);
}

TEST_P(DirectoryContract, AWriteSeesWhatItWrote) {
  EXPECT_THAT(Write([](DirectoryWriter& writer) -> absl::Status {
                WEIR_RETURN_IF_ERROR(writer.StoreOrganization(Organization("acme")));
                WEIR_ASSIGN_OR_RETURN(const auto found, writer.FindOrganization("acme"));
                EXPECT_TRUE(found.has_value());
                return absl::OkStatus();
              }),
              testing::IsOk());
}

TEST_P(DirectoryContract, ListsByNameInPages) {
  for (const char* each : {"b", "a", "c"}) Add(Organization(each));
  for (const char* each : {"y", "x", "z"}) Add(Team("b", each));
  Add(Team("a", "x"));
  Add(User("c", "u"));
  const auto first = Get([](auto& r) { return r.ListOrganizations({.limit = 2}); });
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].name(), "a");
  EXPECT_EQ(first[1].name(), "b");
  EXPECT_EQ(Get([](auto& r) { return r.ListOrganizations({.after = "b"}); }).at(0).name(), "c");
  const auto teams = Get([](auto& r) { return r.ListTeams("b", {.after = "x", .limit = 9}); });
  ASSERT_EQ(teams.size(), 2u);
  EXPECT_EQ(teams[0].name(), "y");
  EXPECT_EQ(Get([](auto& r) { return r.ListUsers("c", {}); }).size(), 1u);
  EXPECT_EQ(Get([](auto& r) { return r.ListUsers("a", {}); }).size(), 0u);
}

TEST_P(DirectoryContract, FindsAKeyByIdNameAndDigest) {
  Add(Organization("acme"));
  Add(Key("acme", "k1", "one", std::string("\0d", 2)));
  const std::string digest("\0d", 2);
  for (const auto& found : {Get([&](auto& r) { return r.FindKeyByDigest(digest); }),
                            Get([](auto& r) { return r.FindKeyById("k1"); }),
                            Get([](auto& r) { return r.FindKeyByName("acme", "one"); })}) {
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->key.public_id(), "k1");
    EXPECT_EQ(found->digest, digest);
    EXPECT_EQ(found->position, 1);
  }
  EXPECT_FALSE(Get([](auto& r) { return r.FindKeyByDigest(""); }).has_value());
  EXPECT_FALSE(Get([](auto& r) { return r.FindKeyByName("other", "one"); }).has_value());
}

TEST_P(DirectoryContract, NamesAndDigestsOfKeysInUseAreUnique) {
  Add(Organization("acme"));
  Add(Organization("other"));
  Add(Key("acme", "k1", "one", "d1"));
  EXPECT_THAT(Store(&DirectoryWriter::StoreKey, Key("acme", "k2", "one", "d2")),
              testing::StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(Store(&DirectoryWriter::StoreKey, Key("other", "k2", "two", "d1")),
              testing::StatusIs(absl::StatusCode::kAlreadyExists));
  Add(Key("other", "k2", "one", "d2"));
}

TEST_P(DirectoryContract, ARevokedKeyGivesUpItsNameAndDigestButIsStillFound) {
  Add(Organization("acme"));
  Add(Key("acme", "k1", "one", "d1"));
  KeyRecord revoked = *Get([](auto& r) { return r.FindKeyById("k1"); });
  *revoked.key.mutable_revoked_at() = StoredTime(clock_.Now());
  Add(revoked);
  EXPECT_EQ(Get([](auto& r) { return r.FindKeyByDigest("d1"); })->key.public_id(), "k1");
  Add(Key("acme", "k0", "one", "d1"));
  EXPECT_EQ(Get([](auto& r) { return r.FindKeyByDigest("d1"); })->key.public_id(), "k0");
  EXPECT_EQ(Get([](auto& r) { return r.FindKeyByName("acme", "one"); })->key.public_id(), "k0");
  EXPECT_TRUE(Get([](auto& r) { return r.FindKeyById("k1"); })->key.has_revoked_at());
}

TEST_P(DirectoryContract, OfRevokedKeysTheLastMadeIsFound) {
  Add(Organization("acme"));
  for (const char* id : {"k2", "k1", "k3"}) {
    KeyRecord record = Key("acme", id, "one", "d1");
    *record.key.mutable_revoked_at() = StoredTime(clock_.Now());
    Add(record);
  }
  EXPECT_EQ(Get([](auto& r) { return r.FindKeyByDigest("d1"); })->key.public_id(), "k3");
  EXPECT_EQ(Get([](auto& r) { return r.FindKeyByName("acme", "one"); })->key.public_id(), "k3");
}

TEST_P(DirectoryContract, ListsKeysNewestLastAndWithoutThoseThatEnded) {
  Add(Organization("acme"));
  Add(Organization("other"));
  for (int i = 4; i >= 1; --i) {
    KeyRecord record =
        Key("acme", fmt::format("k{}", i), fmt::format("n{}", i), fmt::format("d{}", i));
    if (i == 3) *record.key.mutable_revoked_at() = StoredTime(clock_.Now());
    if (i == 2) *record.key.mutable_expires_at() = StoredTime(clock_.Now());
    if (i == 1) {
      *record.key.mutable_expires_at() = StoredTime(clock_.Now() + std::chrono::seconds(1));
    }
    Add(record);
  }
  Add(Key("other", "k5", "n5", "d5"));
  using ::testing::ElementsAre;
  EXPECT_THAT(KeyIds("acme", false), ElementsAre("k4", "k3", "k2", "k1"));
  EXPECT_THAT(KeyIds("acme", true), ElementsAre("k4", "k1"));
  EXPECT_THAT(KeyIds("acme", false, {.limit = 1}), ElementsAre("k4"));
  EXPECT_THAT(KeyIds("acme", false, {.after = 1, .limit = 2}), ElementsAre("k3", "k2"));
  EXPECT_THAT(KeyIds("acme", true, {.after = 1}), ElementsAre("k1"));
}

TEST_P(DirectoryContract, CountsWhatIsLeftAndWhatNamesATeamOrUser) {
  Add(Organization("acme"));
  Add(Organization("other"));
  Add(Team("acme", "red"));
  Add(User("acme", "ann", "red"));
  Add(User("acme", "bob"));
  Add(User("other", "eve", "red"));
  KeyRecord key = Key("acme", "k1", "one", "d1");
  key.key.set_team("red");
  key.key.set_user("ann");
  Add(key);
  KeyRecord revoked = Key("acme", "k2", "two", "d2");
  revoked.key.set_team("red");
  revoked.key.set_user("ann");
  *revoked.key.mutable_revoked_at() = StoredTime(clock_.Now());
  Add(revoked);

  const Counts all = Get([](auto& r) { return r.CountAll("acme"); });
  EXPECT_EQ(all.teams, 1);
  EXPECT_EQ(all.users, 2);
  EXPECT_EQ(all.keys, 1);
  const Counts team = Get([](auto& r) { return r.CountTeam("acme", "red"); });
  EXPECT_EQ(team.users, 1);
  EXPECT_EQ(team.keys, 1);
  EXPECT_EQ(Get([](auto& r) { return r.CountUser("acme", "ann"); }).keys, 1);
  EXPECT_EQ(Get([](auto& r) { return r.CountUser("acme", "bob"); }).keys, 0);
}

TEST_P(DirectoryContract, CountsKeysAsTheyComeAndEnd) {
  Add(Organization("acme"));
  Add(Organization("other"));
  const auto count = [&](const char* name) {
    const int64_t keys = Get([&](auto& r) { return r.CountKeys(name); });
    EXPECT_EQ(Get([&](auto& r) { return r.CountAll(name); }).keys, keys);
    return keys;
  };
  EXPECT_EQ(count("acme"), 0);
  KeyRecord first = Key("acme", "k1", "one", "d1");
  Add(first);
  Add(Key("acme", "k2", "two", "d2"));
  Add(Key("other", "k3", "one", "d3"));
  EXPECT_EQ(count("acme"), 2);
  EXPECT_EQ(count("other"), 1);
  // Under another name it is the same key; and an organisation that is stored again keeps its keys.
  first = *Get([](auto& r) { return r.FindKeyById("k1"); });
  first.key.set_name("uno");
  Add(first);
  Add(Organization("acme"));
  EXPECT_EQ(count("acme"), 2);
  *first.key.mutable_revoked_at() = StoredTime(clock_.Now());
  Add(first);
  EXPECT_EQ(count("acme"), 1);
  Add(first);
  EXPECT_EQ(count("acme"), 1);
  // What was taken back was never there.
  EXPECT_THAT(Write([&](DirectoryWriter& writer) -> absl::Status {
                WEIR_RETURN_IF_ERROR(writer.StoreKey(Key("acme", "k4", "four", "d4")));
                return absl::CancelledError();
              }),
              testing::StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(count("acme"), 1);
  EXPECT_EQ(count("nobody"), 0);
}

TEST_P(DirectoryContract, RemovesWhatIsNamed) {
  Add(Organization("acme"));
  Add(Team("acme", "red"));
  Add(User("acme", "ann"));
  EXPECT_THAT(Write([](auto& w) { return w.RemoveTeam("acme", "red"); }), testing::IsOk());
  EXPECT_THAT(Write([](auto& w) { return w.RemoveTeam("acme", "red"); }), testing::IsOk());
  EXPECT_FALSE(Get([](auto& r) { return r.FindTeam("acme", "red"); }).has_value());
  EXPECT_THAT(Write([](auto& w) { return w.RemoveOrganization("acme"); }),
              testing::StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Write([](auto& w) { return w.RemoveUser("acme", "ann"); }), testing::IsOk());
  EXPECT_THAT(Write([](auto& w) { return w.RemoveOrganization("acme"); }), testing::IsOk());
  EXPECT_FALSE(Get([](auto& r) { return r.FindOrganization("acme"); }).has_value());
}

TEST_P(DirectoryContract, ARemovedOrganizationTakesItsRevokedKeysAlong) {
  Add(Organization("acme"));
  KeyRecord revoked = Key("acme", "k1", "one", "d1");
  *revoked.key.mutable_revoked_at() = StoredTime(clock_.Now());
  Add(revoked);
  EXPECT_THAT(Write([](auto& w) { return w.RemoveOrganization("acme"); }), testing::IsOk());
  EXPECT_FALSE(Get([](auto& r) { return r.FindKeyByDigest("d1"); }).has_value());
}

TEST_P(DirectoryContract, KeepsAdminTokens) {
  for (const char* id : {"t2", "t1"}) Add(Token("", id));
  Add(Token("acme", "t3"));
  EXPECT_EQ(Get([](auto& r) { return r.CountTokens(); }), 3);
  EXPECT_EQ(Get([](auto& r) { return r.FindTokenByDigest("digest of t1"); })->token.id(), "t1");
  EXPECT_FALSE(Get([](auto& r) { return r.FindTokenByDigest("digest"); }).has_value());
  TokenRecord record = *Get([](auto& r) { return r.FindTokenById("t2"); });
  record.token.set_name("renamed");
  Add(record);
  const auto all = Get([](auto& r) { return r.ListTokens(std::nullopt, {.limit = 2}); });
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].token.name(), "renamed");
  EXPECT_EQ(all[1].token.id(), "t1");
  EXPECT_EQ(Get([&](auto& r) { return r.ListTokens(std::nullopt, {.after = all[1].position}); })
                .at(0)
                .token.id(),
            "t3");
  EXPECT_EQ(Get([](auto& r) { return r.ListTokens("acme", {}); }).size(), 1u);
}

TEST_P(DirectoryContract, NumbersChangesWithoutGaps) {
  for (uint64_t n = 1; n <= 3; ++n) {
    EXPECT_THAT(Write([&](DirectoryWriter& writer) -> absl::Status {
                  WEIR_ASSIGN_OR_RETURN(
                      const uint64_t number,
                      writer.Log({Change::Kind::kKey, "acme", "k1"}, clock_.Now()));
                  EXPECT_EQ(number, n);
                  return absl::OkStatus();
                }),
                testing::IsOk());
  }
  EXPECT_EQ(Get([](auto& r) { return r.LastSequence(); }), 3u);
}

TEST_P(DirectoryContract, ShowsTheChangesAfterANumber) {
  const std::vector<Change> changes = {{Change::Kind::kOrganization, "acme", ""},
                                       {Change::Kind::kTeam, "acme", "red"},
                                       {Change::Kind::kUser, "acme", "ann"},
                                       {Change::Kind::kKey, "acme", "k1"}};
  EXPECT_THAT(Write([&](DirectoryWriter& writer) -> absl::Status {
                for (const Change& each : changes) {
                  WEIR_RETURN_IF_ERROR(writer.Log(each, clock_.Now()).status());
                }
                return absl::OkStatus();
              }),
              testing::IsOk());
  const auto all = Get([](auto& r) { return r.ChangesAfter(0, 10); });
  ASSERT_EQ(all.size(), 4u);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i], (LoggedChange{i + 1, changes[i]}));
  }
  const auto some = Get([](auto& r) { return r.ChangesAfter(1, 2); });
  ASSERT_EQ(some.size(), 2u);
  EXPECT_EQ(some[0].sequence, 2u);
  EXPECT_EQ(some[1].sequence, 3u);
  EXPECT_TRUE(Get([](auto& r) { return r.ChangesAfter(4, 10); }).empty());
}

}  // namespace weir::identity
