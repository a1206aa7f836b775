#include "services/cache/sql_cache_policy_store.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "services/cache/sql_cache_schema.h"

namespace weir::cache {
namespace {

constexpr std::string_view kSelectSequence = "SELECT COALESCE(MAX(sequence), 0) FROM cache_change";
constexpr std::string_view kSelectPolicies =
    "SELECT organization, name, document, epoch FROM cache_policy";
constexpr std::string_view kUpsertPolicy =
    "INSERT INTO cache_policy (organization, name, document, epoch) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT (organization, name) DO UPDATE SET document = excluded.document, "
    "epoch = excluded.epoch";
constexpr std::string_view kDeletePolicy =
    "DELETE FROM cache_policy WHERE organization = $1 AND name = $2";
constexpr std::string_view kInsertChange =
    "INSERT INTO cache_change (sequence, organization, name, removed, actor, at_us) "
    "VALUES ($1, $2, $3, $4, $5, $6)";
constexpr std::string_view kTrimChanges = "DELETE FROM cache_change WHERE sequence <= $1";

absl::StatusOr<int64_t> ReadSequence(sql::Connection& connection) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<sql::Row> rows, connection.Query(kSelectSequence));
  return rows.empty() ? 0 : rows[0].Int(0);
}

absl::Status Superseded(int64_t now_at, const PolicyEdit& edit) {
  return status::Aborted("the cache policies are at change {}, the edit was made on change {}",
                         now_at, edit.read_at);
}

// Takes the next number, or says that somebody else has: the key of the log lets one of two editors
// through.
absl::Status LogChange(sql::Connection& connection, const std::string& organization,
                       const std::string& name, bool removed, const PolicyEdit& edit) {
  WEIR_ASSIGN_OR_RETURN(const int64_t now_at, ReadSequence(connection));
  if (now_at != edit.read_at) return Superseded(now_at, edit);
  const std::array<sql::Value, 6> change = {
      now_at + 1, organization, name, int64_t{removed ? 1 : 0}, edit.actor, ToUnixMicros(edit.at)};
  const absl::StatusOr<int64_t> inserted = connection.Execute(kInsertChange, change);
  if (inserted.status().code() == absl::StatusCode::kAlreadyExists) {
    return Superseded(now_at + 1, edit);
  }
  WEIR_RETURN_IF_ERROR(inserted.status());
  const std::array<sql::Value, 1> oldest = {now_at + 1 - CachePolicyStore::kChangesKept};
  return connection.Execute(kTrimChanges, oldest).status();
}

absl::StatusOr<StoredPolicy> ToPolicy(const sql::Row& row) {
  StoredPolicy stored{.policy = {}, .epoch = static_cast<uint64_t>(row.Int(3))};
  if (!stored.policy.ParseFromString(row.Bytes(2))) {
    return status::DataLoss("cache policy '{}' of organisation '{}': its stored form is no policy",
                            row.Text(1), row.Text(0));
  }
  return stored;
}

absl::Status Upsert(sql::Connection& connection, const StoredPolicy& policy) {
  const std::array<sql::Value, 4> row = {policy.policy.organization(), policy.policy.name(),
                                         sql::Blob{policy.policy.SerializeAsString()},
                                         static_cast<int64_t>(policy.epoch)};
  return connection.Execute(kUpsertPolicy, row).status();
}

std::pair<std::string_view, std::string_view> NameOf(const StoredPolicy& stored) {
  return {stored.policy.organization(), stored.policy.name()};
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqlCachePolicyStore>> SqlCachePolicyStore::Open(
    sql::Database& database) {
  WEIR_RETURN_IF_ERROR(sql::Migrate(database, "cache", kCacheSchema));
  return std::unique_ptr<SqlCachePolicyStore>(new SqlCachePolicyStore(database));
}

absl::StatusOr<StoredPolicies> SqlCachePolicyStore::Load() {
  StoredPolicies all;
  const absl::Status read = database_.Read([&all](sql::Connection& connection) -> absl::Status {
    all = {};
    WEIR_ASSIGN_OR_RETURN(all.sequence, ReadSequence(connection));
    WEIR_ASSIGN_OR_RETURN(const std::vector<sql::Row> rows, connection.Query(kSelectPolicies));
    for (const sql::Row& each : rows) {
      WEIR_ASSIGN_OR_RETURN(StoredPolicy policy, ToPolicy(each));
      all.policies.push_back(std::move(policy));
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return status::While(read, "reading the cache policies");
  // Here, not in SQL: databases differ in how they order text.
  std::ranges::sort(all.policies, {}, NameOf);
  return all;
}

absl::StatusOr<int64_t> SqlCachePolicyStore::Sequence() {
  int64_t sequence = 0;
  const absl::Status read =
      database_.Read([&sequence](sql::Connection& connection) -> absl::Status {
        WEIR_ASSIGN_OR_RETURN(sequence, ReadSequence(connection));
        return absl::OkStatus();
      });
  if (!read.ok()) return status::While(read, "reading the last change of the cache policies");
  return sequence;
}

absl::StatusOr<int64_t> SqlCachePolicyStore::Put(std::span<const StoredPolicy> policies,
                                                 const PolicyEdit& edit) {
  const v1::CachePolicy& first = policies.front().policy;
  const absl::Status written = database_.Write([&](sql::Connection& connection) -> absl::Status {
    WEIR_RETURN_IF_ERROR(
        LogChange(connection, first.organization(), first.name(), /*removed=*/false, edit));
    for (const StoredPolicy& each : policies) WEIR_RETURN_IF_ERROR(Upsert(connection, each));
    return absl::OkStatus();
  });
  if (!written.ok()) return status::While(written, "storing cache policy '{}'", first.name());
  return edit.read_at + 1;
}

absl::StatusOr<int64_t> SqlCachePolicyStore::Delete(const std::string& organization,
                                                    const std::string& name,
                                                    const PolicyEdit& edit) {
  const absl::Status written = database_.Write([&](sql::Connection& connection) -> absl::Status {
    WEIR_RETURN_IF_ERROR(LogChange(connection, organization, name, /*removed=*/true, edit));
    const std::array<sql::Value, 2> key = {organization, name};
    WEIR_ASSIGN_OR_RETURN(const int64_t removed, connection.Execute(kDeletePolicy, key));
    if (removed > 0) return absl::OkStatus();
    return status::NotFound("it does not exist in organisation '{}'", organization);
  });
  if (!written.ok()) return status::While(written, "removing cache policy '{}'", name);
  return edit.read_at + 1;
}

}  // namespace weir::cache
