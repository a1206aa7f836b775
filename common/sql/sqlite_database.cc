#include "common/sql/sqlite_database.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace weir::sql {
namespace {

constexpr mode_t kOwnerOnly = 0600;

absl::Status FileFailure(std::string_view doing, const std::string& path) {
  return status::Unavailable("{} the SQLite file {}: {}", doing, path,
                             std::generic_category().message(errno));
}

// Makes the file before SQLite would, so that it is never open to others. The log beside it gets
// the file's mode.
absl::Status MakeFile(const std::string& path) {
  const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly);
  if (made >= 0) {
    ::close(made);
    return absl::OkStatus();
  }
  if (errno != EEXIST) return FileFailure("creating", path);
  // By name: closing a descriptor of a file that is open elsewhere in the process would drop
  // SQLite's locks on it.
  if (::chmod(path.c_str(), kOwnerOnly) != 0) return FileFailure("protecting", path);
  return absl::OkStatus();
}

absl::Status UseWriteAheadLog(SqliteConnection& connection, const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(std::vector<Row> mode, connection.Query("PRAGMA journal_mode = WAL"));
  if (mode.size() != 1 || mode[0].Text(0) != "wal") {
    return status::Unavailable("opening the SQLite file {}: its file system has no write-ahead log",
                               path);
  }
  return absl::OkStatus();
}

// The statements around a transaction.
struct Frame {
  std::string_view begin, commit, undo;
};
constexpr Frame kReads = {"BEGIN", "COMMIT", "ROLLBACK"};
constexpr Frame kWrites = {"BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"};
// Within another one. What is undone still ends.
constexpr Frame kInner = {"SAVEPOINT inner_", "RELEASE inner_", "ROLLBACK TO inner_"};

// Whatever fails, the transaction is over afterwards.
absl::Status RunIn(SqliteConnection& connection, const Frame& frame, const Database::Work& work) {
  WEIR_RETURN_IF_ERROR(connection.Execute(frame.begin).status());
  const absl::Status done = work(connection);
  absl::Status ended = done;
  if (done.ok()) ended = connection.Execute(frame.commit).status();
  if (ended.ok() || !connection.InTransaction()) return ended;
  absl::Status undone = connection.Execute(frame.undo).status();
  if (undone.ok() && frame.begin == kInner.begin) {
    undone = connection.Execute(frame.commit).status();
  }
  if (!undone.ok()) return status::While(undone, "rolling back");
  return ended;
}

}  // namespace

void SqliteConnections::Add(std::unique_ptr<SqliteConnection> connection) {
  Return(std::move(connection));
}

std::unique_ptr<SqliteConnection> SqliteConnections::Take(std::chrono::milliseconds wait) {
  const auto end = std::chrono::steady_clock::now() + wait;
  MutexLock lock(mutex_);
  while (idle_.empty()) {
    if (free_.wait_until(mutex_, end) == std::cv_status::timeout && idle_.empty()) return nullptr;
  }
  std::unique_ptr<SqliteConnection> taken = std::move(idle_.back());
  idle_.pop_back();
  return taken;
}

void SqliteConnections::Return(std::unique_ptr<SqliteConnection> connection) {
  {
    MutexLock lock(mutex_);
    idle_.push_back(std::move(connection));
  }
  free_.notify_one();
}

SqliteDatabase::SqliteDatabase(const SqliteOptions& options)
    : path_(options.path),
      wait_(3 * std::chrono::milliseconds(options.busy_timeout_ms)),
      in_memory_(options.path == ":memory:") {}

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const SqliteOptions& options) {
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(options));
  if (!database->in_memory_) WEIR_RETURN_IF_ERROR(MakeFile(options.path));
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> writer,
                        SqliteConnection::Open(options.path, options.busy_timeout_ms));
  if (!database->in_memory_) {
    WEIR_RETURN_IF_ERROR(UseWriteAheadLog(*writer, options.path));
    WEIR_RETURN_IF_ERROR(database->AddReaders(options));
  }
  database->writer_.Add(std::move(writer));
  return database;
}

absl::Status SqliteDatabase::AddReaders(const SqliteOptions& options) {
  for (int i = 0; i < std::max(options.readers, 1); ++i) {
    WEIR_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> reader,
                          SqliteConnection::Open(options.path, options.busy_timeout_ms));
    readers_.Add(std::move(reader));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteDatabase::Take(
    SqliteConnections& connections) {
  std::unique_ptr<SqliteConnection> connection = connections.Take(wait_);
  if (connection != nullptr) return connection;
  return status::Unavailable("waiting for a connection to {}: none came free within {} ms", path_,
                             wait_.count());
}

absl::Status SqliteDatabase::Transact(SqliteConnections& connections, bool read_only,
                                      const Work& work) {
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection, Take(connections));
  connection->SetReadOnly(read_only);
  absl::Status done = RunIn(*connection, together_ ? kInner : read_only ? kReads : kWrites, work);
  connection->SetReadOnly(false);
  connections.Return(std::move(connection));
  return done;
}

absl::Status SqliteDatabase::Write(const Work& work) { return Transact(writer_, false, work); }

absl::Status SqliteDatabase::Read(const Work& work) {
  return Transact(in_memory_ || together_ ? writer_ : readers_, true, work);
}

absl::Status SqliteDatabase::Run(std::string_view statement) {
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection, Take(writer_));
  const absl::Status done = connection->Execute(statement).status();
  writer_.Return(std::move(connection));
  return done;
}

absl::Status SqliteDatabase::Together(const std::function<absl::Status()>& work) {
  WEIR_RETURN_IF_ERROR(Run(kWrites.begin));
  together_ = true;
  const absl::Status done = work();
  together_ = false;
  const absl::Status committed = Run(kWrites.commit);
  if (!committed.ok()) {
    (void)Run(kWrites.undo);  // Where SQLite has not undone it by itself.
    return status::While(committed, "committing what was written together");
  }
  return done;
}

absl::StatusOr<std::unique_ptr<Database>> OpenSqlite(const SqliteOptions& options) {
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> database, SqliteDatabase::Open(options));
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace weir::sql
