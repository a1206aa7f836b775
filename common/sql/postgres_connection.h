#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/sql/postgres_link.h"
#include "common/sql/postgres_values.h"

namespace weir::sql {

// One session of a PostgreSQL server with its prepared statements. For one thread at a time;
// PostgresDatabase hands it out.
class PostgresConnection final : public Connection {
 public:
  // Statements kept prepared; past that all are dropped and prepared again as they come.
  static constexpr size_t kMaxStatements = 256;

  static absl::StatusOr<std::unique_ptr<PostgresConnection>> Open(const PostgresOptions& options);

  absl::StatusOr<std::vector<Row>> Query(std::string_view statement,
                                         std::span<const Value> params = {}) override;
  absl::StatusOr<int64_t> Execute(std::string_view statement,
                                  std::span<const Value> params = {}) override;
  absl::StatusOr<int64_t> Execute(std::string_view statement,
                                  std::span<const ValueView> params) override;
  absl::StatusOr<int64_t> ExecuteEach(std::string_view statement, size_t width,
                                      std::span<const ValueView> params) override;

  // Around a transaction: statements without parameters, in one exchange.
  absl::Status Begin(std::string_view statements, bool read_only);
  // kInternal: a statement had failed, and whoever ran it went on; everything is undone.
  absl::Status Commit(std::string_view statements);
  absl::Status Undo(std::string_view statements);
  // How long a statement may take from now on, its waiting for locks included; the server is to
  // have given up by itself before.
  void SetWait(PostgresLink::Wait wait) { wait_ = wait; }

  // Rows were changed since Begin.
  bool Changed() const { return changed_; }
  // Fit for another transaction.
  bool IsIdle() const;
  PostgresLink& link() { return *link_; }

 private:
  struct Statement {
    std::string name;
    std::vector<Oid> types;  // Of its parameters.
  };
  PostgresConnection(std::unique_ptr<PostgresLink> link, PostgresLink::Wait wait)
      : link_(std::move(link)), wait_(wait) {}

  template <typename Param>
  absl::StatusOr<PostgresResult> Run(std::string_view text, std::span<const Param> params);
  template <typename Param>
  absl::StatusOr<int64_t> Change(std::string_view text, std::span<const Param> params);
  // The prepared statement, whose parameters have the types of `params`.
  template <typename Param>
  absl::StatusOr<const Statement*> Prepared(std::string_view text, std::span<const Param> params);
  absl::StatusOr<Statement> Prepare(std::string_view text, std::vector<Oid> types);
  // Fills in the types that the server found for those that were kAnyType.
  absl::Status Describe(std::string_view text, Statement& statement);
  absl::Status MakeRoom();
  // The answers of a pipeline, in whose `statement` all rows are of. Rows changed.
  absl::StatusOr<int64_t> CollectAll(std::string_view text);

  const std::unique_ptr<PostgresLink> link_;
  PostgresLink::Wait wait_;
  bool changed_ = false;
  int64_t prepared_ = 0;  // So far, for names.
  std::map<std::string, Statement, std::less<>> statements_;
};

}  // namespace weir::sql
