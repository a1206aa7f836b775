#include "services/routing/sql_route_store.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "services/routing/sql_route_schema.h"

namespace weir::routing {
namespace {

constexpr std::string_view kSelectSequence =
    "SELECT COALESCE(MAX(sequence), 0) FROM routing_change";
constexpr std::string_view kSelectObjects =
    "SELECT kind, organization, name, document, sealed_credential FROM routing_object";
constexpr std::string_view kUpsertObject =
    "INSERT INTO routing_object (kind, organization, name, document, sealed_credential) "
    "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, organization, name) DO UPDATE SET "
    "document = excluded.document, sealed_credential = excluded.sealed_credential";
constexpr std::string_view kDeleteObject =
    "DELETE FROM routing_object WHERE kind = $1 AND organization = $2 AND name = $3";
constexpr std::string_view kInsertChange =
    "INSERT INTO routing_change (sequence, kind, organization, name, removed, actor, at_us) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7)";
constexpr std::string_view kTrimChanges = "DELETE FROM routing_change WHERE sequence <= $1";
constexpr std::string_view kSelectChanges =
    "SELECT sequence, kind, organization, name, removed, actor, at_us FROM routing_change "
    "WHERE sequence > $1 ORDER BY sequence LIMIT $2";

absl::StatusOr<int64_t> ReadSequence(sql::Connection& connection) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<sql::Row> rows, connection.Query(kSelectSequence));
  return rows.empty() ? 0 : rows[0].Int(0);
}

int64_t Kind(const ObjectId& id) { return static_cast<int64_t>(id.kind); }

ObjectId ReadId(const sql::Row& row, size_t first) {
  return {.kind = static_cast<ObjectKind>(row.Int(first)),
          .organization = row.Text(first + 1),
          .name = row.Text(first + 2)};
}

absl::Status Superseded(int64_t now_at, const EditContext& edit) {
  return status::Aborted("the routes are at change {}, the edit was made on change {}", now_at,
                         edit.read_at);
}

// Takes the next number, or says that somebody else has: the key of the log lets one of two editors
// through.
absl::Status LogChange(sql::Connection& connection, const ObjectId& id, bool removed,
                       const EditContext& edit) {
  WEIR_ASSIGN_OR_RETURN(const int64_t now_at, ReadSequence(connection));
  if (now_at != edit.read_at) return Superseded(now_at, edit);
  const std::array<sql::Value, 7> change = {now_at + 1,
                                            Kind(id),
                                            id.organization,
                                            id.name,
                                            int64_t{removed ? 1 : 0},
                                            edit.actor,
                                            ToUnixMicros(edit.at)};
  const absl::StatusOr<int64_t> inserted = connection.Execute(kInsertChange, change);
  if (inserted.status().code() == absl::StatusCode::kAlreadyExists) {
    return Superseded(now_at + 1, edit);
  }
  WEIR_RETURN_IF_ERROR(inserted.status());
  const std::array<sql::Value, 1> oldest = {now_at + 1 - RouteStore::kChangesKept};
  return connection.Execute(kTrimChanges, oldest).status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqlRouteStore>> SqlRouteStore::Open(sql::Database& database) {
  WEIR_RETURN_IF_ERROR(sql::Migrate(database, "routing", kRouteSchema));
  return std::unique_ptr<SqlRouteStore>(new SqlRouteStore(database));
}

absl::StatusOr<StoredObjects> SqlRouteStore::Load() {
  StoredObjects all;
  const absl::Status read = database_.Read([&all](sql::Connection& connection) -> absl::Status {
    all = {};
    WEIR_ASSIGN_OR_RETURN(all.sequence, ReadSequence(connection));
    WEIR_ASSIGN_OR_RETURN(const std::vector<sql::Row> rows, connection.Query(kSelectObjects));
    all.objects.reserve(rows.size());
    for (const sql::Row& each : rows) {
      all.objects.push_back(
          {.id = ReadId(each, 0), .document = each.Bytes(3), .sealed_credential = each.Bytes(4)});
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return status::While(read, "reading the routes");
  // Here, not in SQL: databases differ in how they order text.
  std::ranges::sort(all.objects, {}, &StoredObject::id);
  return all;
}

absl::StatusOr<int64_t> SqlRouteStore::Sequence() {
  int64_t sequence = 0;
  const absl::Status read =
      database_.Read([&sequence](sql::Connection& connection) -> absl::Status {
        WEIR_ASSIGN_OR_RETURN(sequence, ReadSequence(connection));
        return absl::OkStatus();
      });
  if (!read.ok()) return status::While(read, "reading the last change of the routes");
  return sequence;
}

absl::StatusOr<int64_t> SqlRouteStore::Put(const StoredObject& object, const EditContext& edit) {
  const absl::Status written =
      database_.Write([&object, &edit](sql::Connection& connection) -> absl::Status {
        WEIR_RETURN_IF_ERROR(LogChange(connection, object.id, false, edit));
        const std::array<sql::Value, 5> row = {Kind(object.id), object.id.organization,
                                               object.id.name, sql::Blob{object.document},
                                               sql::Blob{object.sealed_credential}};
        return connection.Execute(kUpsertObject, row).status();
      });
  if (!written.ok()) {
    return status::While(written, "storing {} '{}'", KindName(object.id.kind), object.id.name);
  }
  return edit.read_at + 1;
}

absl::StatusOr<int64_t> SqlRouteStore::Delete(const ObjectId& id, const EditContext& edit) {
  const absl::Status written =
      database_.Write([&id, &edit](sql::Connection& connection) -> absl::Status {
        WEIR_RETURN_IF_ERROR(LogChange(connection, id, true, edit));
        const std::array<sql::Value, 3> key = {Kind(id), id.organization, id.name};
        WEIR_ASSIGN_OR_RETURN(const int64_t removed, connection.Execute(kDeleteObject, key));
        if (removed > 0) return absl::OkStatus();
        return status::NotFound("it does not exist in organisation '{}'", id.organization);
      });
  if (!written.ok()) {
    return status::While(written, "removing {} '{}'", KindName(id.kind), id.name);
  }
  return edit.read_at + 1;
}

absl::StatusOr<std::vector<Change>> SqlRouteStore::Changes(int64_t after, size_t limit) {
  std::vector<Change> changes;
  const absl::Status read = database_.Read([&](sql::Connection& connection) -> absl::Status {
    changes.clear();
    const std::array<sql::Value, 2> range = {after, static_cast<int64_t>(limit)};
    WEIR_ASSIGN_OR_RETURN(const std::vector<sql::Row> rows,
                          connection.Query(kSelectChanges, range));
    for (const sql::Row& each : rows) {
      changes.push_back({.sequence = each.Int(0),
                         .id = ReadId(each, 1),
                         .removed = each.Int(4) != 0,
                         .actor = each.Text(5),
                         .at = FromUnixMicros(each.Int(6))});
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return status::While(read, "reading the changes of the routes");
  return changes;
}

}  // namespace weir::routing
