#pragma once

#include <sqlite3.h>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/sql/database.h"

namespace weir::sql {

// One SQLite handle with its prepared statements. For one thread at a time; SqliteDatabase hands it
// out.
class SqliteConnection final : public Connection {
 public:
  // Statements kept prepared; past that all are dropped and prepared again as they come.
  static constexpr size_t kMaxStatements = 256;

  // Opens `path`, which must exist, and sets what holds for a connection (time to wait, foreign
  // keys). kUnavailable: cannot be opened.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(const std::string& path,
                                                                int busy_timeout_ms);
  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  absl::StatusOr<std::vector<Row>> Query(std::string_view statement,
                                         std::span<const Value> params = {}) override;
  absl::StatusOr<int64_t> Execute(std::string_view statement,
                                  std::span<const Value> params = {}) override;
  absl::StatusOr<int64_t> Execute(std::string_view statement,
                                  std::span<const ValueView> params) override;
  absl::StatusOr<int64_t> ExecuteEach(std::string_view statement, size_t width,
                                      std::span<const ValueView> params) override;

  // From now on a statement that would change something is kInternal, or not.
  void SetReadOnly(bool read_only) { read_only_ = read_only; }

  // False: no transaction is open (SQLite ends one by itself when the disk fails).
  bool InTransaction() const { return sqlite3_get_autocommit(handle_) == 0; }

 private:
  struct Statement;
  explicit SqliteConnection(sqlite3* handle);

  // The prepared statement, with `params` bound; reset it after use.
  template <typename Param>
  absl::StatusOr<Statement*> Prepared(std::string_view text, std::span<const Param> params);
  absl::StatusOr<Statement*> Find(std::string_view text);
  absl::StatusOr<std::unique_ptr<Statement>> Prepare(std::string_view text);
  template <typename Param>
  absl::Status Bind(Statement& statement, std::span<const Param> params);
  // Runs a statement that is prepared and bound. Number of rows changed.
  absl::StatusOr<int64_t> Change(Statement& statement);
  // Steps to the end; rows go to `rows` unless it is null.
  absl::Status Run(Statement& statement, std::vector<Row>* rows);
  // What the handle reports after `code`.
  absl::Status Failure(int code, std::string_view text) const;

  sqlite3* const handle_;
  bool read_only_ = false;
  std::map<std::string, std::unique_ptr<Statement>, std::less<>> statements_;
};

}  // namespace weir::sql
