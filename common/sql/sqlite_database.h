#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <vector>

#include "common/async/mutex.h"
#include "common/sql/sqlite_connection.h"

namespace weir::sql {

// Connections of one kind, each used by one caller at a time. Thread-safe.
class SqliteConnections {
 public:
  void Add(std::unique_ptr<SqliteConnection> connection);
  // A connection of the caller's own until Return; null where none came free within `wait`.
  std::unique_ptr<SqliteConnection> Take(std::chrono::milliseconds wait);
  void Return(std::unique_ptr<SqliteConnection> connection);

 private:
  Mutex mutex_;
  std::condition_variable_any free_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_ ABSL_GUARDED_BY(mutex_);
};

// A SQLite file: one connection writes, several read what was committed, none waits for the other
// (WAL). In memory one connection does both. `work` must not call the database again: it would wait
// for its own connection.
class SqliteDatabase final : public Database {
 public:
  // kUnavailable: the file cannot be opened; kDataLoss: it is not a database.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(const SqliteOptions& options);

  // Also kUnavailable where no connection came free for three times the busy timeout.
  absl::Status Write(const Work& work) override;
  // There is one writer: nothing is beside it.
  absl::Status WriteBeside(const Work& work) override { return Write(work); }
  absl::Status WriteAlone(const Work& work) override { return Write(work); }
  absl::Status Read(const Work& work) override;
  absl::Status Together(const std::function<absl::Status()>& work) override;

 private:
  explicit SqliteDatabase(const SqliteOptions& options);
  // On the writer, outside of Write.
  absl::Status Run(std::string_view statement);
  absl::Status AddReaders(const SqliteOptions& options);
  absl::StatusOr<std::unique_ptr<SqliteConnection>> Take(SqliteConnections& connections);
  absl::Status Transact(SqliteConnections& connections, bool read_only, const Work& work);

  const std::string path_;
  const std::chrono::milliseconds wait_;
  const bool in_memory_;
  std::atomic<bool> together_ = false;  // The writer is within a transaction of its own.
  // The writer closes last: that is what folds the log back into the file.
  SqliteConnections writer_;
  SqliteConnections readers_;
};

}  // namespace weir::sql
