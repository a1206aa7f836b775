#include "services/quota/sql_limit_store.h"

#include <google/protobuf/util/message_differencer.h>

namespace weir::quota {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr int64_t kChangesKept = 1000;

constexpr std::string_view kGet =
    "SELECT organization, name, counting_since_us, body FROM quota_limit"
    " WHERE organization = $1 AND name = $2";
constexpr std::string_view kPut =
    "INSERT INTO quota_limit (organization, name, counting_since_us, body)"
    " VALUES ($1, $2, $3, $4) ON CONFLICT (organization, name) DO UPDATE SET"
    " counting_since_us = excluded.counting_since_us, body = excluded.body";
constexpr std::string_view kDelete =
    "DELETE FROM quota_limit WHERE organization = $1 AND name = $2";
constexpr std::string_view kList =
    "SELECT organization, name, counting_since_us, body FROM quota_limit"
    " WHERE organization = $1 AND name > $2 ORDER BY name LIMIT $3";
constexpr std::string_view kAll =
    "SELECT organization, name, counting_since_us, body FROM quota_limit"
    " ORDER BY organization, name";
constexpr std::string_view kSequence = "SELECT COALESCE(MAX(sequence), 0) FROM quota_change_log";
constexpr std::string_view kLogChange =
    "INSERT INTO quota_change_log (sequence, organization, name) VALUES ($1, $2, $3)";
constexpr std::string_view kDropOldChanges = "DELETE FROM quota_change_log WHERE sequence <= $1";

absl::StatusOr<StoredLimit> ToLimit(const sql::Row& row) {
  StoredLimit stored{.counting_since_us = row.Int(2)};
  if (!stored.limit.ParseFromString(row.Bytes(3))) {
    return status::DataLoss("limit '{}' of organization {}: its stored form is not a limit",
                            row.Text(1), row.Text(0));
  }
  return stored;
}

absl::StatusOr<std::vector<StoredLimit>> Query(sql::Connection& connection,
                                               std::string_view statement,
                                               std::span<const sql::Value> params = {}) {
  WEIR_ASSIGN_OR_RETURN(std::vector<sql::Row> rows, connection.Query(statement, params));
  std::vector<StoredLimit> limits;
  for (const sql::Row& each : rows) {
    WEIR_ASSIGN_OR_RETURN(StoredLimit limit, ToLimit(each));
    limits.push_back(std::move(limit));
  }
  return limits;
}

absl::StatusOr<int64_t> ReadSequence(sql::Connection& connection) {
  WEIR_ASSIGN_OR_RETURN(std::vector<sql::Row> rows, connection.Query(kSequence));
  return rows.empty() ? 0 : rows.front().Int(0);
}

absl::Status LogChange(sql::Connection& connection, const std::string& organization,
                       const std::string& name) {
  WEIR_ASSIGN_OR_RETURN(const int64_t last, ReadSequence(connection));
  const sql::Value change[] = {last + 1, organization, name};
  WEIR_RETURN_IF_ERROR(connection.Execute(kLogChange, change).status());
  const sql::Value oldest[] = {last + 1 - kChangesKept};
  return connection.Execute(kDropOldChanges, oldest).status();
}

bool Same(const StoredLimit& a, const StoredLimit& b) {
  return a.counting_since_us == b.counting_since_us && MessageDifferencer::Equals(a.limit, b.limit);
}

}  // namespace

absl::StatusOr<bool> SqlLimitStore::Put(const StoredLimit& limit) {
  const std::string& organization = limit.limit.organization();
  const std::string& name = limit.limit.name();
  bool changed = false;
  const absl::Status put = database_.Write([&](sql::Connection& connection) -> absl::Status {
    const sql::Value key[] = {organization, name};
    WEIR_ASSIGN_OR_RETURN(const std::vector<StoredLimit> found, Query(connection, kGet, key));
    changed = found.empty() || !Same(found.front(), limit);
    if (!changed) return absl::OkStatus();
    const sql::Value row[] = {organization, name, limit.counting_since_us,
                              sql::Blob{limit.limit.SerializeAsString()}};
    WEIR_RETURN_IF_ERROR(connection.Execute(kPut, row).status());
    return LogChange(connection, organization, name);
  });
  WEIR_RETURN_IF_ERROR(status::While(put, "storing limit '{}' of {}", name, organization));
  return changed;
}

absl::Status SqlLimitStore::Delete(std::string_view organization, std::string_view name) {
  const std::string owner(organization);
  const std::string which(name);
  return database_.Write([&](sql::Connection& connection) -> absl::Status {
    const sql::Value key[] = {owner, which};
    WEIR_ASSIGN_OR_RETURN(const int64_t deleted, connection.Execute(kDelete, key));
    if (deleted == 0) return status::NotFound("organization {} has no limit '{}'", owner, which);
    return LogChange(connection, owner, which);
  });
}

absl::StatusOr<std::optional<StoredLimit>> SqlLimitStore::Get(std::string_view organization,
                                                              std::string_view name) {
  std::optional<StoredLimit> limit;
  WEIR_RETURN_IF_ERROR(database_.Read([&](sql::Connection& connection) -> absl::Status {
    const sql::Value key[] = {std::string(organization), std::string(name)};
    WEIR_ASSIGN_OR_RETURN(std::vector<StoredLimit> found, Query(connection, kGet, key));
    if (!found.empty()) limit = std::move(found.front());
    return absl::OkStatus();
  }));
  return limit;
}

absl::StatusOr<std::vector<StoredLimit>> SqlLimitStore::List(std::string_view organization,
                                                             std::string_view after_name, int max) {
  std::vector<StoredLimit> page;
  WEIR_RETURN_IF_ERROR(database_.Read([&](sql::Connection& connection) -> absl::Status {
    const sql::Value params[] = {std::string(organization), std::string(after_name), int64_t{max}};
    WEIR_ASSIGN_OR_RETURN(page, Query(connection, kList, params));
    return absl::OkStatus();
  }));
  return page;
}

absl::StatusOr<LimitStore::Snapshot> SqlLimitStore::All() {
  Snapshot snapshot;
  WEIR_RETURN_IF_ERROR(database_.Read([&](sql::Connection& connection) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(snapshot.limits, Query(connection, kAll));
    WEIR_ASSIGN_OR_RETURN(snapshot.sequence, ReadSequence(connection));
    return absl::OkStatus();
  }));
  return snapshot;
}

absl::StatusOr<int64_t> SqlLimitStore::Sequence() {
  int64_t sequence = 0;
  WEIR_RETURN_IF_ERROR(database_.Read([&](sql::Connection& connection) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(sequence, ReadSequence(connection));
    return absl::OkStatus();
  }));
  return sequence;
}

}  // namespace weir::quota
