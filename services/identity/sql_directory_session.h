#pragma once

#include "common/sql/database.h"
#include "services/identity/directory.h"

namespace weir::identity {

// The statements of SqlDirectory within one transaction on `connection`, which must outlive this
// object.
class SqlDirectorySession final : public DirectoryWriter {
 public:
  explicit SqlDirectorySession(sql::Connection& connection) : connection_(connection) {}

  absl::StatusOr<std::optional<v1::Organization>> FindOrganization(
      const std::string& name) override;
  absl::StatusOr<std::optional<v1::Team>> FindTeam(const std::string& organization,
                                                   const std::string& name) override;
  absl::StatusOr<std::optional<v1::User>> FindUser(const std::string& organization,
                                                   const std::string& name) override;
  absl::StatusOr<std::optional<KeyRecord>> FindKeyByDigest(const std::string& digest) override;
  absl::StatusOr<std::optional<KeyRecord>> FindKeyById(const std::string& public_id) override;
  absl::StatusOr<std::optional<KeyRecord>> FindKeyByName(const std::string& organization,
                                                         const std::string& name) override;
  absl::StatusOr<std::optional<TokenRecord>> FindTokenByDigest(const std::string& digest) override;
  absl::StatusOr<std::optional<TokenRecord>> FindTokenById(const std::string& id) override;

  absl::StatusOr<std::vector<v1::Organization>> ListOrganizations(const NamePage& page) override;
  absl::StatusOr<std::vector<v1::Team>> ListTeams(const std::string& organization,
                                                  const NamePage& page) override;
  absl::StatusOr<std::vector<v1::User>> ListUsers(const std::string& organization,
                                                  const NamePage& page) override;
  absl::StatusOr<std::vector<KeyRecord>> ListKeys(const std::string& organization,
                                                  std::optional<WallTime> usable_at,
                                                  const PositionPage& page) override;
  absl::StatusOr<std::vector<TokenRecord>> ListTokens(
      const std::optional<std::string>& organization, const PositionPage& page) override;

  absl::StatusOr<Counts> CountAll(const std::string& organization) override;
  absl::StatusOr<int64_t> CountKeys(const std::string& organization) override;
  absl::StatusOr<Counts> CountTeam(const std::string& organization,
                                   const std::string& team) override;
  absl::StatusOr<Counts> CountUser(const std::string& organization,
                                   const std::string& user) override;
  absl::StatusOr<int64_t> CountTokens() override;
  absl::StatusOr<uint64_t> LastSequence() override;
  absl::StatusOr<std::vector<LoggedChange>> ChangesAfter(uint64_t sequence, int limit) override;

  absl::Status StoreOrganization(const v1::Organization& organization) override;
  absl::Status StoreTeam(const v1::Team& team) override;
  absl::Status StoreUser(const v1::User& user) override;
  absl::Status StoreKey(const KeyRecord& record) override;
  absl::Status StoreToken(const TokenRecord& record) override;
  absl::Status RemoveOrganization(const std::string& name) override;
  absl::Status RemoveTeam(const std::string& organization, const std::string& name) override;
  absl::Status RemoveUser(const std::string& organization, const std::string& name) override;
  absl::StatusOr<uint64_t> Log(const Change& change, WallTime at) override;

 private:
  absl::StatusOr<int64_t> Number(std::string_view statement, std::span<const sql::Value> params);
  absl::Status Run(std::string_view statement, std::span<const sql::Value> params);
  // Before `key` is stored.
  absl::Status CountKey(const v1::Key& key);

  sql::Connection& connection_;
};

}  // namespace weir::identity
