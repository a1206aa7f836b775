// What SqlDirectory writes.
#include <google/protobuf/util/time_util.h>

#include "services/identity/sql_directory_session.h"
#include "services/identity/sql_rows.h"

namespace weir::identity {
namespace {

using google::protobuf::util::TimeUtil;
using sql::Blob;
using sql::Value;

Blob Body(const google::protobuf::Message& message) { return Blob{message.SerializeAsString()}; }

}  // namespace

absl::Status SqlDirectorySession::StoreOrganization(const v1::Organization& organization) {
  const Value params[] = {organization.name(), Body(organization)};
  return Run(
      "INSERT INTO identity_organization (name, keys, body) VALUES ($1, 0, $2) "
      "ON CONFLICT (name) DO UPDATE SET body = excluded.body",
      params);
}

absl::Status SqlDirectorySession::StoreTeam(const v1::Team& team) {
  const Value params[] = {team.organization(), team.name(), Body(team)};
  return Run(
      "INSERT INTO identity_team (organization, name, body) VALUES ($1, $2, $3) "
      "ON CONFLICT (organization, name) DO UPDATE SET body = excluded.body",
      params);
}

absl::Status SqlDirectorySession::StoreUser(const v1::User& user) {
  const Value params[] = {user.organization(), user.name(), user.team(), Body(user)};
  return Run(
      "INSERT INTO identity_user (organization, name, team, body) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (organization, name) DO UPDATE SET team = excluded.team, body = excluded.body",
      params);
}

absl::Status SqlDirectorySession::CountKey(const v1::Key& key) {
  const Value id[] = {key.public_id()};
  WEIR_ASSIGN_OR_RETURN(
      const int64_t before,
      Number("SELECT COUNT(*) FROM identity_key WHERE public_id = $1 AND revoked = 0", id));
  const int64_t after = key.has_revoked_at() ? 0 : 1;
  if (after == before) return absl::OkStatus();
  const Value params[] = {key.organization(), after - before};
  return Run("UPDATE identity_organization SET keys = keys + $2 WHERE name = $1", params);
}

absl::Status SqlDirectorySession::StoreKey(const KeyRecord& record) {
  const v1::Key& key = record.key;
  WEIR_RETURN_IF_ERROR(CountKey(key));
  int64_t position = record.position;
  if (position == 0) {
    WEIR_ASSIGN_OR_RETURN(position,
                          Number("SELECT COALESCE(MAX(position), 0) + 1 FROM identity_key", {}));
  }
  Value expires;
  if (key.has_expires_at()) expires = TimeUtil::TimestampToMicroseconds(key.expires_at());
  const Value params[] = {key.public_id(),    key.organization(),
                          key.name(),         key.team(),
                          key.user(),         Blob{record.digest},
                          position,           int64_t{key.has_revoked_at()},
                          std::move(expires), Body(key)};
  return Run(
      "INSERT INTO identity_key (public_id, organization, name, team, user_name, digest, position, "
      "revoked, expires_at, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
      "ON CONFLICT (public_id) DO UPDATE SET name = excluded.name, team = excluded.team, user_name "
      "= excluded.user_name, "
      "digest = excluded.digest, position = excluded.position, revoked = excluded.revoked, "
      "expires_at = excluded.expires_at, body = excluded.body",
      params);
}

absl::Status SqlDirectorySession::StoreToken(const TokenRecord& record) {
  int64_t position = record.position;
  if (position == 0) {
    WEIR_ASSIGN_OR_RETURN(
        position, Number("SELECT COALESCE(MAX(position), 0) + 1 FROM identity_admin_token", {}));
  }
  const Value params[] = {record.token.id(), record.token.organization(), Blob{record.digest},
                          position, Body(record.token)};
  return Run(
      "INSERT INTO identity_admin_token (id, organization, digest, position, body) "
      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET "
      "organization = excluded.organization, digest = excluded.digest, "
      "position = excluded.position, body = excluded.body",
      params);
}

absl::Status SqlDirectorySession::RemoveOrganization(const std::string& name) {
  const Value params[] = {name};
  WEIR_RETURN_IF_ERROR(
      Run("DELETE FROM identity_key WHERE organization = $1 AND revoked = 1", params));
  return Run("DELETE FROM identity_organization WHERE name = $1", params);
}

absl::Status SqlDirectorySession::RemoveTeam(const std::string& organization,
                                             const std::string& name) {
  const Value params[] = {organization, name};
  return Run("DELETE FROM identity_team WHERE organization = $1 AND name = $2", params);
}

absl::Status SqlDirectorySession::RemoveUser(const std::string& organization,
                                             const std::string& name) {
  const Value params[] = {organization, name};
  return Run("DELETE FROM identity_user WHERE organization = $1 AND name = $2", params);
}

absl::StatusOr<uint64_t> SqlDirectorySession::Log(const Change& change, WallTime at) {
  WEIR_ASSIGN_OR_RETURN(const uint64_t last, LastSequence());
  const int64_t sequence = static_cast<int64_t>(last) + 1;
  const Value params[] = {sequence, std::string(KindName(change.kind)), change.organization,
                          change.name, ToUnixMicros(at)};
  WEIR_RETURN_IF_ERROR(
      Run("INSERT INTO identity_change_log (sequence, kind, organization, name, at) "
          "VALUES ($1, $2, $3, $4, $5)",
          params));
  const Value oldest[] = {sequence - static_cast<int64_t>(kChangesKept)};
  WEIR_RETURN_IF_ERROR(Run("DELETE FROM identity_change_log WHERE sequence <= $1", oldest));
  return last + 1;
}

absl::Status SqlDirectorySession::Run(std::string_view statement, std::span<const Value> params) {
  return connection_.Execute(statement, params).status();
}

}  // namespace weir::identity
