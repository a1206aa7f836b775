#include "services/guardrails/sql_policy_store.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "services/guardrails/sql_policy_schema.h"

namespace weir::guardrails {
namespace {

constexpr std::string_view kSelectSequence =
    "SELECT COALESCE(MAX(sequence), 0) FROM guardrail_change";
constexpr std::string_view kSelectPolicies =
    "SELECT organization, name, document FROM guardrail_policy";
constexpr std::string_view kUpsertPolicy =
    "INSERT INTO guardrail_policy (organization, name, document) VALUES ($1, $2, $3) "
    "ON CONFLICT (organization, name) DO UPDATE SET document = excluded.document";
constexpr std::string_view kDeletePolicy =
    "DELETE FROM guardrail_policy WHERE organization = $1 AND name = $2";
constexpr std::string_view kInsertChange =
    "INSERT INTO guardrail_change (sequence, organization, name, removed, actor, at_us) "
    "VALUES ($1, $2, $3, $4, $5, $6)";
constexpr std::string_view kTrimChanges = "DELETE FROM guardrail_change WHERE sequence <= $1";
constexpr std::string_view kSelectChanges =
    "SELECT sequence, organization, name, removed, actor, at_us FROM guardrail_change "
    "WHERE sequence > $1 ORDER BY sequence LIMIT $2";

absl::StatusOr<int64_t> ReadSequence(sql::Connection& connection) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<sql::Row> rows, connection.Query(kSelectSequence));
  return rows.empty() ? 0 : rows[0].Int(0);
}

PolicyName ReadId(const sql::Row& row, size_t first) {
  return {.organization = row.Text(first), .name = row.Text(first + 1)};
}

absl::Status Superseded(int64_t now_at, const EditContext& edit) {
  return status::Aborted("the guardrail policies are at change {}, the edit was made on change {}",
                         now_at, edit.read_at);
}

// Takes the next number, or says that somebody else has: the key of the log lets one of two editors
// through.
absl::Status LogChange(sql::Connection& connection, const PolicyName& id, bool removed,
                       const EditContext& edit) {
  WEIR_ASSIGN_OR_RETURN(const int64_t now_at, ReadSequence(connection));
  if (now_at != edit.read_at) return Superseded(now_at, edit);
  const std::array<sql::Value, 6> change = {now_at + 1, id.organization,
                                            id.name,    int64_t{removed ? 1 : 0},
                                            edit.actor, ToUnixMicros(edit.at)};
  const absl::StatusOr<int64_t> inserted = connection.Execute(kInsertChange, change);
  if (inserted.status().code() == absl::StatusCode::kAlreadyExists) {
    return Superseded(now_at + 1, edit);
  }
  WEIR_RETURN_IF_ERROR(inserted.status());
  const std::array<sql::Value, 1> oldest = {now_at + 1 - PolicyStore::kChangesKept};
  return connection.Execute(kTrimChanges, oldest).status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqlPolicyStore>> SqlPolicyStore::Open(sql::Database& database) {
  WEIR_RETURN_IF_ERROR(sql::Migrate(database, "guardrails", kPolicySchema));
  return std::unique_ptr<SqlPolicyStore>(new SqlPolicyStore(database));
}

absl::StatusOr<StoredPolicies> SqlPolicyStore::Load() {
  StoredPolicies all;
  const absl::Status read = database_.Read([&all](sql::Connection& connection) -> absl::Status {
    all = {};
    WEIR_ASSIGN_OR_RETURN(all.sequence, ReadSequence(connection));
    WEIR_ASSIGN_OR_RETURN(const std::vector<sql::Row> rows, connection.Query(kSelectPolicies));
    all.policies.reserve(rows.size());
    for (const sql::Row& each : rows) {
      all.policies.push_back({.id = ReadId(each, 0), .document = each.Bytes(2)});
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return status::While(read, "reading the guardrail policies");
  // Here, not in SQL: databases differ in how they order text.
  std::ranges::sort(all.policies, {}, &StoredPolicy::id);
  return all;
}

absl::StatusOr<int64_t> SqlPolicyStore::Sequence() {
  int64_t sequence = 0;
  const absl::Status read =
      database_.Read([&sequence](sql::Connection& connection) -> absl::Status {
        WEIR_ASSIGN_OR_RETURN(sequence, ReadSequence(connection));
        return absl::OkStatus();
      });
  if (!read.ok()) return status::While(read, "reading the last change of the guardrail policies");
  return sequence;
}

absl::StatusOr<int64_t> SqlPolicyStore::Put(const StoredPolicy& policy, const EditContext& edit) {
  const absl::Status written =
      database_.Write([&policy, &edit](sql::Connection& connection) -> absl::Status {
        WEIR_RETURN_IF_ERROR(LogChange(connection, policy.id, false, edit));
        const std::array<sql::Value, 3> row = {policy.id.organization, policy.id.name,
                                               sql::Blob{policy.document}};
        return connection.Execute(kUpsertPolicy, row).status();
      });
  if (!written.ok()) {
    return status::While(written, "storing guardrail policy '{}'", policy.id.name);
  }
  return edit.read_at + 1;
}

absl::StatusOr<int64_t> SqlPolicyStore::Delete(const PolicyName& id, const EditContext& edit) {
  const absl::Status written =
      database_.Write([&id, &edit](sql::Connection& connection) -> absl::Status {
        WEIR_RETURN_IF_ERROR(LogChange(connection, id, true, edit));
        const std::array<sql::Value, 2> key = {id.organization, id.name};
        WEIR_ASSIGN_OR_RETURN(const int64_t removed, connection.Execute(kDeletePolicy, key));
        if (removed > 0) return absl::OkStatus();
        return status::NotFound("it does not exist in organisation '{}'", id.organization);
      });
  if (!written.ok()) {
    return status::While(written, "removing guardrail policy '{}'", id.name);
  }
  return edit.read_at + 1;
}

absl::StatusOr<std::vector<Change>> SqlPolicyStore::Changes(int64_t after, size_t limit) {
  std::vector<Change> changes;
  const absl::Status read = database_.Read([&](sql::Connection& connection) -> absl::Status {
    changes.clear();
    const std::array<sql::Value, 2> range = {after, static_cast<int64_t>(limit)};
    WEIR_ASSIGN_OR_RETURN(const std::vector<sql::Row> rows,
                          connection.Query(kSelectChanges, range));
    for (const sql::Row& each : rows) {
      changes.push_back({.sequence = each.Int(0),
                         .id = ReadId(each, 1),
                         .removed = each.Int(3) != 0,
                         .actor = each.Text(4),
                         .at = FromUnixMicros(each.Int(5))});
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return status::While(read, "reading the changes of the guardrail policies");
  return changes;
}

}  // namespace weir::guardrails
