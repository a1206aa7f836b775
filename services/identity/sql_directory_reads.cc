// What SqlDirectory reads.
#include "common/text/excerpt.h"
#include "services/identity/sql_directory_session.h"
#include "services/identity/sql_rows.h"

namespace weir::identity {

using sql::Blob;
using sql::Value;

absl::StatusOr<KeyRecord> KeyOf(const sql::Row& row) {
  WEIR_ASSIGN_OR_RETURN(v1::Key key, ObjectOf<v1::Key>(row));
  return KeyRecord{.key = std::move(key), .digest = row.Bytes(1), .position = row.Int(2)};
}

absl::StatusOr<TokenRecord> TokenOf(const sql::Row& row) {
  WEIR_ASSIGN_OR_RETURN(v1::AdminToken token, ObjectOf<v1::AdminToken>(row));
  return TokenRecord{.token = std::move(token), .digest = row.Bytes(1), .position = row.Int(2)};
}

std::string_view KindName(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::kOrganization:
      return "organization";
    case Change::Kind::kTeam:
      return "team";
    case Change::Kind::kUser:
      return "user";
    case Change::Kind::kKey:
      return "key";
  }
  return "";
}

std::optional<Change::Kind> ParseKind(std::string_view name) {
  for (Change::Kind each : {Change::Kind::kOrganization, Change::Kind::kTeam, Change::Kind::kUser,
                            Change::Kind::kKey}) {
    if (KindName(each) == name) return each;
  }
  return std::nullopt;
}

absl::StatusOr<LoggedChange> ChangeOf(const sql::Row& row) {
  const std::optional<Change::Kind> kind = ParseKind(row.Text(1));
  if (!kind) {
    return status::DataLoss("change {} of the log is of the kind '{}'", row.Int(0),
                            text::Excerpt(row.Text(1)));
  }
  return LoggedChange{static_cast<uint64_t>(row.Int(0)), {*kind, row.Text(2), row.Text(3)}};
}

absl::StatusOr<std::optional<v1::Organization>> SqlDirectorySession::FindOrganization(
    const std::string& name) {
  const Value params[] = {name};
  return First(connection_, "SELECT body FROM identity_organization WHERE name = $1", params,
               &ObjectOf<v1::Organization>);
}

absl::StatusOr<std::optional<v1::Team>> SqlDirectorySession::FindTeam(
    const std::string& organization, const std::string& name) {
  const Value params[] = {organization, name};
  return First(connection_, "SELECT body FROM identity_team WHERE organization = $1 AND name = $2",
               params, &ObjectOf<v1::Team>);
}

absl::StatusOr<std::optional<v1::User>> SqlDirectorySession::FindUser(
    const std::string& organization, const std::string& name) {
  const Value params[] = {organization, name};
  return First(connection_, "SELECT body FROM identity_user WHERE organization = $1 AND name = $2",
               params, &ObjectOf<v1::User>);
}

absl::StatusOr<std::optional<KeyRecord>> SqlDirectorySession::FindKeyByDigest(
    const std::string& digest) {
  const Value params[] = {Blob{digest}};
  return First(connection_,
               "SELECT body, digest, position FROM identity_key WHERE digest = $1 "
               "ORDER BY revoked, position DESC LIMIT 1",
               params, &KeyOf);
}

absl::StatusOr<std::optional<KeyRecord>> SqlDirectorySession::FindKeyById(
    const std::string& public_id) {
  const Value params[] = {public_id};
  return First(connection_, "SELECT body, digest, position FROM identity_key WHERE public_id = $1",
               params, &KeyOf);
}

absl::StatusOr<std::optional<KeyRecord>> SqlDirectorySession::FindKeyByName(
    const std::string& organization, const std::string& name) {
  const Value params[] = {organization, name};
  return First(connection_,
               "SELECT body, digest, position FROM identity_key "
               "WHERE organization = $1 AND name = $2 ORDER BY revoked, position DESC LIMIT 1",
               params, &KeyOf);
}

absl::StatusOr<std::optional<TokenRecord>> SqlDirectorySession::FindTokenByDigest(
    const std::string& digest) {
  const Value params[] = {Blob{digest}};
  return First(connection_,
               "SELECT body, digest, position FROM identity_admin_token WHERE digest = $1", params,
               &TokenOf);
}

absl::StatusOr<std::optional<TokenRecord>> SqlDirectorySession::FindTokenById(
    const std::string& id) {
  const Value params[] = {id};
  return First(connection_, "SELECT body, digest, position FROM identity_admin_token WHERE id = $1",
               params, &TokenOf);
}

absl::StatusOr<std::vector<v1::Organization>> SqlDirectorySession::ListOrganizations(
    const NamePage& page) {
  const Value params[] = {page.after, int64_t{page.limit}};
  return All(connection_,
             "SELECT body FROM identity_organization WHERE name > $1 ORDER BY name LIMIT $2",
             params, &ObjectOf<v1::Organization>);
}

absl::StatusOr<std::vector<v1::Team>> SqlDirectorySession::ListTeams(
    const std::string& organization, const NamePage& page) {
  const Value params[] = {organization, page.after, int64_t{page.limit}};
  return All(connection_,
             "SELECT body FROM identity_team WHERE organization = $1 AND name > $2 "
             "ORDER BY name LIMIT $3",
             params, &ObjectOf<v1::Team>);
}

absl::StatusOr<std::vector<v1::User>> SqlDirectorySession::ListUsers(
    const std::string& organization, const NamePage& page) {
  const Value params[] = {organization, page.after, int64_t{page.limit}};
  return All(connection_,
             "SELECT body FROM identity_user WHERE organization = $1 AND name > $2 "
             "ORDER BY name LIMIT $3",
             params, &ObjectOf<v1::User>);
}

absl::StatusOr<std::vector<KeyRecord>> SqlDirectorySession::ListKeys(
    const std::string& organization, std::optional<WallTime> usable_at, const PositionPage& page) {
  if (!usable_at) {
    const Value params[] = {organization, page.after, int64_t{page.limit}};
    return All(connection_,
               "SELECT body, digest, position FROM identity_key "
               "WHERE organization = $1 AND position > $2 ORDER BY position LIMIT $3",
               params, &KeyOf);
  }
  const Value params[] = {organization, page.after, int64_t{page.limit}, ToUnixMicros(*usable_at)};
  return All(connection_,
             "SELECT body, digest, position FROM identity_key "
             "WHERE organization = $1 AND position > $2 AND revoked = 0 "
             "AND (expires_at IS NULL OR expires_at > $4) ORDER BY position LIMIT $3",
             params, &KeyOf);
}

absl::StatusOr<std::vector<TokenRecord>> SqlDirectorySession::ListTokens(
    const std::optional<std::string>& organization, const PositionPage& page) {
  if (!organization) {
    const Value params[] = {page.after, int64_t{page.limit}};
    return All(connection_,
               "SELECT body, digest, position FROM identity_admin_token WHERE position > $1 "
               "ORDER BY position LIMIT $2",
               params, &TokenOf);
  }
  const Value params[] = {page.after, int64_t{page.limit}, *organization};
  return All(connection_,
             "SELECT body, digest, position FROM identity_admin_token WHERE position > $1 "
             "AND organization = $3 ORDER BY position LIMIT $2",
             params, &TokenOf);
}

absl::StatusOr<Counts> SqlDirectorySession::CountAll(const std::string& organization) {
  const Value params[] = {organization};
  Counts counts;
  WEIR_ASSIGN_OR_RETURN(
      counts.teams, Number("SELECT COUNT(*) FROM identity_team WHERE organization = $1", params));
  WEIR_ASSIGN_OR_RETURN(
      counts.users, Number("SELECT COUNT(*) FROM identity_user WHERE organization = $1", params));
  WEIR_ASSIGN_OR_RETURN(counts.keys, CountKeys(organization));
  return counts;
}

absl::StatusOr<int64_t> SqlDirectorySession::CountKeys(const std::string& organization) {
  const Value params[] = {organization};
  return Number("SELECT keys FROM identity_organization WHERE name = $1", params);
}

absl::StatusOr<Counts> SqlDirectorySession::CountTeam(const std::string& organization,
                                                      const std::string& team) {
  const Value params[] = {organization, team};
  Counts counts;
  WEIR_ASSIGN_OR_RETURN(
      counts.users,
      Number("SELECT COUNT(*) FROM identity_user WHERE organization = $1 AND team = $2", params));
  WEIR_ASSIGN_OR_RETURN(counts.keys,
                        Number("SELECT COUNT(*) FROM identity_key WHERE organization = $1 "
                               "AND team = $2 AND revoked = 0",
                               params));
  return counts;
}

absl::StatusOr<Counts> SqlDirectorySession::CountUser(const std::string& organization,
                                                      const std::string& user) {
  const Value params[] = {organization, user};
  Counts counts;
  WEIR_ASSIGN_OR_RETURN(counts.keys,
                        Number("SELECT COUNT(*) FROM identity_key WHERE organization = $1 "
                               "AND user_name = $2 AND revoked = 0",
                               params));
  return counts;
}

absl::StatusOr<int64_t> SqlDirectorySession::CountTokens() {
  return Number("SELECT COUNT(*) FROM identity_admin_token", {});
}

absl::StatusOr<uint64_t> SqlDirectorySession::LastSequence() {
  WEIR_ASSIGN_OR_RETURN(const int64_t last,
                        Number("SELECT COALESCE(MAX(sequence), 0) FROM identity_change_log", {}));
  return static_cast<uint64_t>(last);
}

absl::StatusOr<std::vector<LoggedChange>> SqlDirectorySession::ChangesAfter(uint64_t sequence,
                                                                            int limit) {
  const Value params[] = {static_cast<int64_t>(sequence), int64_t{limit}};
  return All(connection_,
             "SELECT sequence, kind, organization, name FROM identity_change_log "
             "WHERE sequence > $1 ORDER BY sequence LIMIT $2",
             params, &ChangeOf);
}

absl::StatusOr<int64_t> SqlDirectorySession::Number(std::string_view statement,
                                                    std::span<const Value> params) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<sql::Row> rows, connection_.Query(statement, params));
  return rows.empty() ? 0 : rows[0].Int(0);
}

}  // namespace weir::identity
