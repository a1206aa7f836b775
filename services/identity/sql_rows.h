#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/sql/database.h"
#include "services/identity/directory.h"

// Rows of the directory's tables as objects. kDataLoss: a body that is not the message it should
// be.
namespace weir::identity {

// "SELECT body ...": one column.
template <typename Object>
absl::StatusOr<Object> ObjectOf(const sql::Row& row) {
  Object object;
  if (!object.ParseFromString(row.Bytes(0))) {
    return status::DataLoss("the store holds {} bytes that are no {}", row.Bytes(0).size(),
                            Object::descriptor()->full_name());
  }
  return object;
}

// "SELECT body, digest, position ...".
absl::StatusOr<KeyRecord> KeyOf(const sql::Row& row);
absl::StatusOr<TokenRecord> TokenOf(const sql::Row& row);

// As the log has it: "organization", "team", "user", "key".
std::string_view KindName(Change::Kind kind);
std::optional<Change::Kind> ParseKind(std::string_view name);

// "SELECT sequence, kind, organization, name ...".
absl::StatusOr<LoggedChange> ChangeOf(const sql::Row& row);

// Every row of the answer through `read`.
template <typename Result>
absl::StatusOr<std::vector<Result>> All(sql::Connection& connection, std::string_view statement,
                                        std::span<const sql::Value> params,
                                        absl::StatusOr<Result> (*read)(const sql::Row&)) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<sql::Row> rows, connection.Query(statement, params));
  std::vector<Result> results;
  results.reserve(rows.size());
  for (const sql::Row& row : rows) {
    WEIR_ASSIGN_OR_RETURN(Result result, read(row));
    results.push_back(std::move(result));
  }
  return results;
}

// The first of them.
template <typename Result>
absl::StatusOr<std::optional<Result>> First(sql::Connection& connection, std::string_view statement,
                                            std::span<const sql::Value> params,
                                            absl::StatusOr<Result> (*read)(const sql::Row&)) {
  WEIR_ASSIGN_OR_RETURN(std::vector<Result> results, All(connection, statement, params, read));
  if (results.empty()) return std::optional<Result>();
  return std::optional<Result>(std::move(results.front()));
}

}  // namespace weir::identity
