#include "common/sql/sqlite_connection.h"

#include "common/text/excerpt.h"

namespace weir::sql {
namespace {

constexpr size_t kStatementExcerpt = 120;

absl::StatusCode CodeOf(int extended) {
  if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY) {
    return absl::StatusCode::kAlreadyExists;
  }
  switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL:
    case SQLITE_READONLY:
      return absl::StatusCode::kUnavailable;
    case SQLITE_CONSTRAINT:
      return absl::StatusCode::kFailedPrecondition;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kInternal;
  }
}

std::string Copy(const void* bytes, int size) {
  return size == 0 ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

Value ColumnOf(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return static_cast<int64_t>(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const void* text = sqlite3_column_text(statement, column);
      return Copy(text, sqlite3_column_bytes(statement, column));
    }
    case SQLITE_BLOB: {
      const void* bytes = sqlite3_column_blob(statement, column);
      return Blob{Copy(bytes, sqlite3_column_bytes(statement, column))};
    }
    default:
      return std::monostate();
  }
}

// The values are only borrowed: a statement is reset, and its bindings cleared, before its call
// returns.
struct Binder {
  sqlite3_stmt* statement;
  int index;
  int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
  int operator()(int64_t value) const { return sqlite3_bind_int64(statement, index, value); }
  int operator()(double value) const { return sqlite3_bind_double(statement, index, value); }
  int operator()(std::string_view value) const {
    return sqlite3_bind_text64(statement, index, Begin(value), value.size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  int operator()(BlobView value) const {
    return sqlite3_bind_blob64(statement, index, Begin(value.bytes), value.bytes.size(),
                               SQLITE_STATIC);
  }
  int operator()(const Blob& value) const { return (*this)(BlobView{value.bytes}); }
  // A null pointer would bind NULL, where an empty text or blob is meant.
  static const char* Begin(std::string_view value) {
    return value.data() == nullptr ? "" : value.data();
  }
};

// Without it every allocation of any connection takes one lock, to keep count. Only before the
// library's first use, so once in a process.
void CountNoMemory() {
  [[maybe_unused]] static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

}  // namespace

struct SqliteConnection::Statement {
  explicit Statement(std::string its_text) : text(std::move(its_text)) {}
  ~Statement() { sqlite3_finalize(prepared); }
  void Reset() {
    sqlite3_reset(prepared);
    sqlite3_clear_bindings(prepared);
  }

  const std::string text;
  sqlite3_stmt* prepared = nullptr;
  // SQLite numbers `$n` by its first appearance: the place of each n, from 1.
  std::vector<int> index_of_parameter;
};

SqliteConnection::SqliteConnection(sqlite3* handle) : handle_(handle) {}

SqliteConnection::~SqliteConnection() {
  statements_.clear();
  sqlite3_close_v2(handle_);
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path,
                                                                         int busy_timeout_ms) {
  CountNoMemory();
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  if (code != SQLITE_OK) {
    const std::string why = handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle);
    sqlite3_close_v2(handle);
    return status::Make(CodeOf(code), fmt::format("opening the SQLite file {}: {}", path, why));
  }
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(handle));
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  WEIR_RETURN_IF_ERROR(connection->Execute("PRAGMA foreign_keys = ON").status());
  WEIR_RETURN_IF_ERROR(connection->Execute("PRAGMA synchronous = FULL").status());
  WEIR_RETURN_IF_ERROR(connection->Execute("PRAGMA trusted_schema = OFF").status());
  return connection;
}

absl::StatusOr<std::vector<Row>> SqliteConnection::Query(std::string_view statement,
                                                         std::span<const Value> params) {
  WEIR_ASSIGN_OR_RETURN(Statement * prepared, Prepared(statement, params));
  std::vector<Row> rows;
  const absl::Status ran = Run(*prepared, &rows);
  prepared->Reset();
  WEIR_RETURN_IF_ERROR(ran);
  return rows;
}

absl::StatusOr<int64_t> SqliteConnection::Execute(std::string_view statement,
                                                  std::span<const Value> params) {
  WEIR_ASSIGN_OR_RETURN(Statement * prepared, Prepared(statement, params));
  return Change(*prepared);
}

absl::StatusOr<int64_t> SqliteConnection::Execute(std::string_view statement,
                                                  std::span<const ValueView> params) {
  WEIR_ASSIGN_OR_RETURN(Statement * prepared, Prepared(statement, params));
  return Change(*prepared);
}

absl::StatusOr<int64_t> SqliteConnection::ExecuteEach(std::string_view statement, size_t width,
                                                      std::span<const ValueView> params) {
  if (width == 0 || params.size() % width != 0) {
    return status::Internal("running '{}': {} values are no multiple of {}",
                            text::Excerpt(statement, kStatementExcerpt), params.size(), width);
  }
  int64_t rows = 0;
  for (; !params.empty(); params = params.subspan(width)) {
    WEIR_ASSIGN_OR_RETURN(const int64_t changed, Execute(statement, params.first(width)));
    rows += changed;
  }
  return rows;
}

absl::StatusOr<int64_t> SqliteConnection::Change(Statement& statement) {
  const int64_t before = sqlite3_total_changes64(handle_);
  const absl::Status ran = Run(statement, nullptr);
  statement.Reset();
  WEIR_RETURN_IF_ERROR(ran);
  // sqlite3_changes64 keeps the count of the statement before where this one changes no rows (DDL).
  return sqlite3_total_changes64(handle_) == before ? 0 : sqlite3_changes64(handle_);
}

absl::StatusOr<SqliteConnection::Statement*> SqliteConnection::Find(std::string_view text) {
  auto found = statements_.find(text);
  if (found == statements_.end()) {
    WEIR_ASSIGN_OR_RETURN(std::unique_ptr<Statement> made, Prepare(text));
    if (statements_.size() >= kMaxStatements) statements_.clear();
    found = statements_.emplace(std::string(text), std::move(made)).first;
  }
  return found->second.get();
}

template <typename Param>
absl::StatusOr<SqliteConnection::Statement*> SqliteConnection::Prepared(
    std::string_view text, std::span<const Param> params) {
  WEIR_ASSIGN_OR_RETURN(Statement * statement, Find(text));
  if (read_only_ && sqlite3_stmt_readonly(statement->prepared) == 0) {
    return status::Internal("running '{}': it writes, want a statement that only reads",
                            text::Excerpt(text, kStatementExcerpt));
  }
  if (absl::Status bound = Bind(*statement, params); !bound.ok()) {
    statement->Reset();
    return bound;
  }
  return statement;
}

absl::StatusOr<std::unique_ptr<SqliteConnection::Statement>> SqliteConnection::Prepare(
    std::string_view text) {
  auto made = std::make_unique<Statement>(std::string(text));
  const char* tail = nullptr;
  const int code =
      sqlite3_prepare_v3(handle_, made->text.data(), static_cast<int>(made->text.size()),
                         SQLITE_PREPARE_PERSISTENT, &made->prepared, &tail);
  if (code != SQLITE_OK) return Failure(code, text);
  const std::string_view rest(tail, made->text.data() + made->text.size() - tail);
  if (made->prepared == nullptr || rest.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    return status::Internal("preparing '{}': want one statement",
                            text::Excerpt(text, kStatementExcerpt));
  }
  const int count = sqlite3_bind_parameter_count(made->prepared);
  for (int i = 1; i <= count; ++i) {
    const std::string name = fmt::format("${}", i);
    made->index_of_parameter.push_back(sqlite3_bind_parameter_index(made->prepared, name.c_str()));
  }
  return made;
}

template <typename Param>
absl::Status SqliteConnection::Bind(Statement& statement, std::span<const Param> params) {
  const std::vector<int>& index = statement.index_of_parameter;
  if (index.size() != params.size()) {
    return status::Internal("binding '{}': got {} values, want {}",
                            text::Excerpt(statement.text, kStatementExcerpt), params.size(),
                            index.size());
  }
  for (size_t i = 0; i < params.size(); ++i) {
    const int code = std::visit(Binder{statement.prepared, index[i]}, params[i]);
    if (code != SQLITE_OK) return Failure(code, statement.text);
  }
  return absl::OkStatus();
}

absl::Status SqliteConnection::Run(Statement& statement, std::vector<Row>* rows) {
  for (;;) {
    const int code = sqlite3_step(statement.prepared);
    if (code == SQLITE_DONE) return absl::OkStatus();
    if (code != SQLITE_ROW) return Failure(code, statement.text);
    if (rows == nullptr) continue;
    std::vector<Value> values;
    const int columns = sqlite3_data_count(statement.prepared);
    values.reserve(columns);
    for (int i = 0; i < columns; ++i) values.push_back(ColumnOf(statement.prepared, i));
    rows->emplace_back(std::move(values));
  }
}

absl::Status SqliteConnection::Failure(int code, std::string_view text) const {
  return status::Make(CodeOf(code),
                      fmt::format("running '{}': {}", text::Excerpt(text, kStatementExcerpt),
                                  sqlite3_errmsg(handle_)));
}

}  // namespace weir::sql
