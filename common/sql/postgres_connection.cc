#include "common/sql/postgres_connection.h"

#include "common/sql/postgres_schema.h"
#include "common/text/excerpt.h"
#include "common/text/parse.h"

namespace weir::sql {
namespace {

constexpr int kBinary = 1;
// What a server takes to say that it gave up, and the network to carry it.
constexpr PostgresLink::Wait kGrace{2000};

// Rows that a statement changed: none where it only shows some.
int64_t ChangedBy(PGresult* result) {
  if (std::string_view(PQcmdStatus(result)).starts_with("SELECT")) return 0;
  return text::ParseInt64(PQcmdTuples(result)).value_or(0);
}

template <typename Param>
std::vector<Oid> TypesOf(std::span<const Param> params) {
  std::vector<Oid> types;
  types.reserve(params.size());
  for (const Param& each : params) types.push_back(TypeOf(View(each)));
  return types;
}

// Whether values of `types` can be given where `expected` are. Where not, `expected` becomes what
// can take both.
bool Fits(const std::vector<Oid>& types, std::vector<Oid>& expected) {
  if (types.size() != expected.size()) {
    expected = types;
    return false;
  }
  bool fits = true;
  for (size_t i = 0; i < types.size(); ++i) {
    if (types[i] == kAnyType || types[i] == expected[i]) continue;
    expected[i] = types[i];
    fits = false;
  }
  return fits;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresConnection::Open(
    const PostgresOptions& options) {
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<PostgresLink> link, PostgresLink::Connect(options));
  return std::unique_ptr<PostgresConnection>(
      new PostgresConnection(std::move(link), options.statement_timeout));
}

absl::StatusOr<std::vector<Row>> PostgresConnection::Query(std::string_view statement,
                                                           std::span<const Value> params) {
  WEIR_ASSIGN_OR_RETURN(const PostgresResult result, Run(statement, params));
  changed_ = changed_ || ChangedBy(result.get()) > 0;
  return RowsOf(result.get());
}

absl::StatusOr<int64_t> PostgresConnection::Execute(std::string_view statement,
                                                    std::span<const Value> params) {
  return Change(statement, params);
}

absl::StatusOr<int64_t> PostgresConnection::Execute(std::string_view statement,
                                                    std::span<const ValueView> params) {
  return Change(statement, params);
}

template <typename Param>
absl::StatusOr<int64_t> PostgresConnection::Change(std::string_view text,
                                                   std::span<const Param> params) {
  WEIR_ASSIGN_OR_RETURN(const PostgresResult result, Run(text, params));
  const int64_t rows = ChangedBy(result.get());
  changed_ = changed_ || rows > 0;
  return rows;
}

template <typename Param>
absl::StatusOr<PostgresResult> PostgresConnection::Run(std::string_view text,
                                                       std::span<const Param> params) {
  WEIR_ASSIGN_OR_RETURN(const Statement* statement, Prepared(text, params));
  const PostgresParameters values(params);
  const int sent =
      PQsendQueryPrepared(link_->handle(), statement->name.c_str(), values.size(),
                          values.pointers(), values.lengths(), values.formats(), kBinary);
  return link_->Answer(sent, text, wait_ + kGrace);
}

absl::StatusOr<int64_t> PostgresConnection::ExecuteEach(std::string_view statement, size_t width,
                                                        std::span<const ValueView> params) {
  if (width == 0 || params.size() % width != 0) {
    return status::Internal("running '{}': {} values are no multiple of {}",
                            text::Excerpt(statement), params.size(), width);
  }
  if (params.empty()) return 0;
  // Also where the first has a NULL and the next one has not: what is missing is found out here.
  WEIR_ASSIGN_OR_RETURN(const Statement* prepared, Prepared(statement, params.first(width)));
  PQenterPipelineMode(link_->handle());
  bool sent = true;
  for (size_t i = 0; sent && i < params.size(); i += width) {
    const PostgresParameters values(params.subspan(i, width));
    sent = PQsendQueryPrepared(link_->handle(), prepared->name.c_str(), values.size(),
                               values.pointers(), values.lengths(), values.formats(), kBinary) == 1;
  }
  if (!sent || PQpipelineSync(link_->handle()) != 1) return link_->Lost("sending statements");
  absl::StatusOr<int64_t> rows = CollectAll(statement);
  if (PQexitPipelineMode(link_->handle()) != 1) return link_->Lost("ending a pipeline");
  if (rows.ok()) changed_ = changed_ || *rows > 0;
  return rows;
}

absl::StatusOr<int64_t> PostgresConnection::CollectAll(std::string_view text) {
  int64_t rows = 0;
  absl::Status failure = absl::OkStatus();
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(const PostgresResult result, link_->Next(wait_ + kGrace));
    if (result == nullptr) {
      if (link_->IsLost()) return link_->Lost("reading results");
      continue;  // The end of one statement's.
    }
    const ExecStatusType kind = PQresultStatus(result.get());
    if (kind == PGRES_PIPELINE_SYNC) break;
    if (kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK) {
      rows += ChangedBy(result.get());
    } else if (failure.ok()) {
      failure = link_->Failure(result.get(), text);
    }
  }
  WEIR_RETURN_IF_ERROR(failure);
  return rows;
}

template <typename Param>
absl::StatusOr<const PostgresConnection::Statement*> PostgresConnection::Prepared(
    std::string_view text, std::span<const Param> params) {
  std::vector<Oid> types = TypesOf(params);
  const auto found = statements_.find(text);
  if (found != statements_.end()) {
    std::vector<Oid> both = found->second.types;
    if (Fits(types, both)) return &found->second;
    types = std::move(both);
  }
  WEIR_RETURN_IF_ERROR(MakeRoom());
  WEIR_ASSIGN_OR_RETURN(Statement made, Prepare(text, std::move(types)));
  return &(statements_.insert_or_assign(std::string(text), std::move(made)).first->second);
}

absl::StatusOr<PostgresConnection::Statement> PostgresConnection::Prepare(std::string_view text,
                                                                          std::vector<Oid> types) {
  Statement statement{.name = fmt::format("w{}", ++prepared_), .types = std::move(types)};
  const std::string taken = WithByteOrder(text);
  const int sent = PQsendPrepare(link_->handle(), statement.name.c_str(), taken.c_str(),
                                 static_cast<int>(statement.types.size()), statement.types.data());
  WEIR_RETURN_IF_ERROR(link_->Answer(sent, text, wait_ + kGrace).status());
  if (std::ranges::find(statement.types, kAnyType) != statement.types.end()) {
    WEIR_RETURN_IF_ERROR(Describe(text, statement));
  }
  return statement;
}

absl::Status PostgresConnection::Describe(std::string_view text, Statement& statement) {
  const int sent = PQsendDescribePrepared(link_->handle(), statement.name.c_str());
  WEIR_ASSIGN_OR_RETURN(const PostgresResult described, link_->Answer(sent, text, wait_ + kGrace));
  const int known = std::min(PQnparams(described.get()), static_cast<int>(statement.types.size()));
  for (int i = 0; i < known; ++i) statement.types[i] = PQparamtype(described.get(), i);
  return absl::OkStatus();
}

absl::Status PostgresConnection::MakeRoom() {
  if (statements_.size() < kMaxStatements) return absl::OkStatus();
  statements_.clear();
  return link_->Run("DEALLOCATE ALL", wait_ + kGrace).status();
}

absl::Status PostgresConnection::Begin(std::string_view statements, bool read_only) {
  changed_ = false;
  link_->SetReadOnly(read_only);
  return link_->Run(statements, wait_ + kGrace).status();
}

absl::Status PostgresConnection::Commit(std::string_view statements) {
  if (PQtransactionStatus(link_->handle()) == PQTRANS_INERROR) {
    return status::Internal("committing after a statement that failed: nothing is kept");
  }
  const absl::Status committed = link_->Run(statements, wait_ + kGrace).status();
  if (!committed.ok() && link_->IsLost()) {
    return status::While(committed, "committing, which may have been done");
  }
  return committed;
}

absl::Status PostgresConnection::Undo(std::string_view statements) {
  if (link_->IsLost()) return absl::OkStatus();  // The server does it.
  return link_->Run(statements, wait_ + kGrace).status();
}

bool PostgresConnection::IsIdle() const {
  return !link_->IsLost() && PQtransactionStatus(link_->handle()) == PQTRANS_IDLE;
}

}  // namespace weir::sql
