#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/status/status.h"

// SQL behind one small interface, the same statements for SQLite and PostgreSQL: `$1` placeholders,
// BIGINT, TEXT and blobs, INSERT ... ON CONFLICT; a column of blobs is declared BYTEA, which SQLite
// takes as well. Text is UTF-8 without a NUL, and is ordered by its bytes. Everything here blocks:
// call it on a WorkerPool, never on an event loop.
namespace weir::sql {

// Bytes that are not text.
struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};

// NULL, BIGINT, DOUBLE PRECISION, TEXT, BLOB/BYTEA.
using Value = std::variant<std::monostate, int64_t, double, std::string, Blob>;

// The same, but only borrowed: what it refers to must outlive the call that it is given to.
struct BlobView {
  std::string_view bytes;
};
using ValueView = std::variant<std::monostate, int64_t, double, std::string_view, BlobView>;

// One row of a result; columns from 0. Reading a column as another type than it has gives that
// type's empty value.
class Row {
 public:
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}
  bool IsNull(size_t column) const;
  int64_t Int(size_t column) const;
  double Real(size_t column) const;
  const std::string& Text(size_t column) const;
  const std::string& Bytes(size_t column) const;
  size_t size() const { return values_.size(); }

 private:
  std::vector<Value> values_;
};

// A statement at a time, inside the transaction that the Database opened. Statements are prepared
// once and kept by their text, so the text must not be built from input: values go through
// `params`. After a statement that failed the transaction can only be undone: return its error.
class Connection {
 public:
  virtual ~Connection() = default;
  // Rows of a SELECT. kAlreadyExists: a unique constraint; kFailedPrecondition: another constraint;
  // kUnavailable: busy, lost or full; kDataLoss: the file is damaged; kInternal: the statement is
  // wrong, or writes inside a Read.
  virtual absl::StatusOr<std::vector<Row>> Query(std::string_view statement,
                                                 std::span<const Value> params = {}) = 0;
  // Number of rows changed. Errors as above.
  virtual absl::StatusOr<int64_t> Execute(std::string_view statement,
                                          std::span<const Value> params = {}) = 0;
  // The same without copies, for statements of many values.
  virtual absl::StatusOr<int64_t> Execute(std::string_view statement,
                                          std::span<const ValueView> params) = 0;
  // The statement once for each `width` (at least 1) of `params`, in their order; a server is asked
  // once for all of them. Number of rows changed by all together.
  virtual absl::StatusOr<int64_t> ExecuteEach(std::string_view statement, size_t width,
                                              std::span<const ValueView> params) = 0;
};

// A database. Thread-safe: each call takes a connection of its own; `work` must not call the
// database again.
class Database {
 public:
  using Work = std::function<absl::Status(Connection&)>;
  virtual ~Database() = default;
  // Runs `work` in one transaction that may write, after the one before has ended, of whichever
  // process: committed (durable) when this returns OK, else rolled back. One exception: where a
  // server was lost while it committed, kUnavailable says that it may have done so.
  virtual absl::Status Write(const Work& work) = 0;
  // The same without waiting for others, for what many processes add to at the same time: what
  // `work` has read may be another by the time it commits, and others' rows come up between two of
  // its statements. Where two are in each other's way one is undone and run again, so that `work`
  // may run several times. Rings no doorbell.
  virtual absl::Status WriteBeside(const Work& work) = 0;
  // As Write, and no other component of the database is in the middle of one: for schemas.
  virtual absl::Status WriteAlone(const Work& work) = 0;
  // Runs `work` in one transaction that sees one state and changes nothing.
  virtual absl::Status Read(const Work& work) = 0;
  // Runs `work`, all of whose Writes are one transaction: each is whole or undone as ever, but none
  // is durable before this returns. For many edits at once. Meanwhile every Read, of other threads
  // too, waits for its turn and sees what is not durable yet. The status of `work`, whose Writes
  // are kept whatever it is; or that of the commit, where none was kept.
  virtual absl::Status Together(const std::function<absl::Status()>& work) = 0;
};

struct SqliteOptions {
  // File; its folder must exist. ":memory:" for tests.
  std::string path;
  // Connections that may read at the same time; one more writes.
  int readers = 2;
  // How long a statement waits for another process's lock.
  int busy_timeout_ms = 5000;
};

// Opens or creates a SQLite file: WAL, synchronous=FULL, foreign keys on, mode 0600.
absl::StatusOr<std::unique_ptr<Database>> OpenSqlite(const SqliteOptions& options);

struct PostgresOptions {
  // A name or an address, or the folder of a Unix socket (absolute).
  std::string host;
  int port = 5432;
  std::string database;
  std::string user;
  std::string password;  // Empty: the server asks for none.
  // The server's certificate must be of `ca_file` and of `host`. False: plain.
  bool tls = false;
  std::string ca_file;  // PEM; empty: the system's.
  // "identity": whose tables it is about. The Writes of one component wait for each other.
  std::string component;
  int connections = 4;  // At most; made when they are needed.
  std::chrono::milliseconds connect_timeout{3000};
  // For a connection of the pool, for the Write of another process, for a transaction to begin;
  // three times that for a Write of this one, a minute where schemas or many edits are the matter.
  std::chrono::milliseconds wait_timeout{5000};
  std::chrono::milliseconds statement_timeout{30000};
};

// Opens a database of a PostgreSQL server, of version 12 or later. A connection that is lost is
// made again when it is needed. kUnavailable: the server cannot be asked now.
absl::StatusOr<std::unique_ptr<Database>> OpenPostgres(const PostgresOptions& options);

// A step from one schema version to the next. Forward only.
struct Migration {
  // From 1, without gaps.
  int version;
  // Statements, separated by semicolons.
  std::string_view statements;
};

// Brings the schema of `component` ("identity") to the last of `migrations`, all in one
// transaction, and records it in the table `schema_version`. kFailedPrecondition: the file's schema
// is newer than this program.
//
// Processes that start together do it one after another, and all but the first find it done. The
// first that ever does gives the database its StoreId.
absl::Status Migrate(Database& database, std::string_view component,
                     std::span<const Migration> migrations);

// The name of this store, 22 characters at random, for as long as it lasts: two processes that read
// the same one stand on the same database (or on copies of one). After a Migrate.
absl::StatusOr<std::string> StoreId(Database& database);

}  // namespace weir::sql
