#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "common/time/clock.h"
#include "weir/identity/v1/identity_admin.pb.h"

namespace weir::identity {

// A key and what is kept to recognise it by.
struct KeyRecord {
  v1::Key key;
  // 32 bytes from a KeyHasher.
  std::string digest;
  // Order of making within the store, from 1. 0: not stored yet, the store gives it.
  int64_t position = 0;
};

// An admin token, likewise.
struct TokenRecord {
  v1::AdminToken token;
  std::string digest;
  int64_t position = 0;
};

// One line of the change log.
struct Change {
  enum class Kind { kOrganization, kTeam, kUser, kKey };
  Kind kind = Kind::kKey;
  std::string organization;
  // Of a key: its public id.
  std::string name;
  bool operator==(const Change&) const = default;
};

// The same with its number.
struct LoggedChange {
  uint64_t sequence = 0;
  Change change;
  bool operator==(const LoggedChange&) const = default;
};

// A part of the objects by name.
struct NamePage {
  // Those that come after this name. Empty: from the first.
  std::string after;
  int limit = 100;  // At least 1.
};

// A part of the records by their order of making.
struct PositionPage {
  // Those that come after this position. 0: from the first.
  int64_t after = 0;
  int limit = 100;  // At least 1.
};

// What an organisation consists of; of the keys only those that are not revoked.
struct Counts {
  int64_t teams = 0;
  int64_t users = 0;
  int64_t keys = 0;
};

// What one transaction sees. Blocks. Errors: kUnavailable where the store cannot be asked,
// kDataLoss where it holds something else.
class DirectoryReader {
 public:
  virtual ~DirectoryReader() = default;

  // One object by name; nothing where there is none.
  virtual absl::StatusOr<std::optional<v1::Organization>> FindOrganization(
      const std::string& name) = 0;
  virtual absl::StatusOr<std::optional<v1::Team>> FindTeam(const std::string& organization,
                                                           const std::string& name) = 0;
  virtual absl::StatusOr<std::optional<v1::User>> FindUser(const std::string& organization,
                                                           const std::string& name) = 0;

  // The key with that digest: the one that is not revoked, else the one that was made last.
  virtual absl::StatusOr<std::optional<KeyRecord>> FindKeyByDigest(const std::string& digest) = 0;
  virtual absl::StatusOr<std::optional<KeyRecord>> FindKeyById(const std::string& public_id) = 0;
  // The organisation's key of that name: the one that is not revoked, else the one that was made
  // last.
  virtual absl::StatusOr<std::optional<KeyRecord>> FindKeyByName(const std::string& organization,
                                                                 const std::string& name) = 0;
  virtual absl::StatusOr<std::optional<TokenRecord>> FindTokenByDigest(
      const std::string& digest) = 0;
  virtual absl::StatusOr<std::optional<TokenRecord>> FindTokenById(const std::string& id) = 0;

  // Objects by name.
  virtual absl::StatusOr<std::vector<v1::Organization>> ListOrganizations(const NamePage& page) = 0;
  virtual absl::StatusOr<std::vector<v1::Team>> ListTeams(const std::string& organization,
                                                          const NamePage& page) = 0;
  virtual absl::StatusOr<std::vector<v1::User>> ListUsers(const std::string& organization,
                                                          const NamePage& page) = 0;
  // An organisation's keys, newest last. With `usable_at` only those that are neither revoked nor
  // expired then.
  virtual absl::StatusOr<std::vector<KeyRecord>> ListKeys(const std::string& organization,
                                                          std::optional<WallTime> usable_at,
                                                          const PositionPage& page) = 0;
  // Admin tokens, newest last, revoked ones too. With `organization` only those bound to it.
  virtual absl::StatusOr<std::vector<TokenRecord>> ListTokens(
      const std::optional<std::string>& organization, const PositionPage& page) = 0;

  virtual absl::StatusOr<Counts> CountAll(const std::string& organization) = 0;
  // The same of the keys alone, at a cost that does not grow with their number.
  virtual absl::StatusOr<int64_t> CountKeys(const std::string& organization) = 0;
  // What names the team (users and keys), or the user (keys).
  virtual absl::StatusOr<Counts> CountTeam(const std::string& organization,
                                           const std::string& team) = 0;
  virtual absl::StatusOr<Counts> CountUser(const std::string& organization,
                                           const std::string& user) = 0;
  // Admin tokens, revoked ones too.
  virtual absl::StatusOr<int64_t> CountTokens() = 0;

  // Number of the last change; 0 before the first.
  virtual absl::StatusOr<uint64_t> LastSequence() = 0;
  // The changes after that number, oldest first, at most `limit`; of those that are too old for the
  // log nothing is left.
  virtual absl::StatusOr<std::vector<LoggedChange>> ChangesAfter(uint64_t sequence, int limit) = 0;
};

// The same, and edits. What a Store or Remove did is seen by the reads after it.
class DirectoryWriter : public DirectoryReader {
 public:
  // Creates or replaces by name. The organisation that a team or user belongs to must exist
  // (kFailedPrecondition).
  virtual absl::Status StoreOrganization(const v1::Organization& organization) = 0;
  virtual absl::Status StoreTeam(const v1::Team& team) = 0;
  virtual absl::Status StoreUser(const v1::User& user) = 0;
  // Creates or replaces by public id; a key stays in its organisation. kAlreadyExists: another key
  // that is not revoked has that digest, or that name in the organisation.
  virtual absl::Status StoreKey(const KeyRecord& record) = 0;
  // Creates or replaces by id.
  virtual absl::Status StoreToken(const TokenRecord& record) = 0;

  // Without effect where there is none. With an organisation go its revoked keys; nothing else of
  // it may be left.
  virtual absl::Status RemoveOrganization(const std::string& name) = 0;
  virtual absl::Status RemoveTeam(const std::string& organization, const std::string& name) = 0;
  virtual absl::Status RemoveUser(const std::string& organization, const std::string& name) = 0;

  // Writes `change` under the next number and returns that. Numbers rise by one; the log keeps the
  // last kChangesKept.
  virtual absl::StatusOr<uint64_t> Log(const Change& change, WallTime at) = 0;
  static constexpr uint64_t kChangesKept = 10'000;
};

// Where organisations, teams, users, keys and admin tokens are. Thread-safe; blocks: never on an
// event loop.
class Directory {
 public:
  virtual ~Directory() = default;
  // Runs `work` on one state. Returns its status, or kUnavailable.
  virtual absl::Status Read(const std::function<absl::Status(DirectoryReader&)>& work) = 0;
  // Runs `work` as one step: durable once this returns OK, else nothing of it happened. One after
  // another.
  virtual absl::Status Write(const std::function<absl::Status(DirectoryWriter&)>& work) = 0;
};

}  // namespace weir::identity
