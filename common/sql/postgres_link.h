#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "common/sql/database.h"

namespace weir::sql {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PostgresResult = std::unique_ptr<PGresult, ClearResult>;

// A connection to a PostgreSQL server on which no wait is without an end: libpq's own calls wait
// for a server that is gone, or stopped, as long as it pleases. For one thread at a time.
class PostgresLink {
 public:
  using Wait = std::chrono::milliseconds;

  // Connects (a host's name is looked up as the system does it, in the system's time) and sets what
  // holds for a session: UTF-8, time limits, commits that are durable. kUnavailable: no server that
  // may write, or it lets nobody in.
  static absl::StatusOr<std::unique_ptr<PostgresLink>> Connect(const PostgresOptions& options);
  ~PostgresLink() { PQfinish(handle_); }
  PostgresLink(const PostgresLink&) = delete;
  PostgresLink& operator=(const PostgresLink&) = delete;

  // Statements without parameters, separated by semicolons; the last one's result. One exchange.
  absl::StatusOr<PostgresResult> Run(std::string_view statements, Wait wait);
  // What a PQsend... has asked: its last result, or the first failure. `sent` is what it returned.
  absl::StatusOr<PostgresResult> Answer(int sent, std::string_view statement, Wait wait);
  // The next result of several; null at the end of a statement's.
  absl::StatusOr<PostgresResult> Next(Wait wait);

  // Whether it goes on: looks for a farewell of the server, waits for nothing.
  bool IsThere();
  // Nothing more can be done with it.
  bool IsLost() const { return lost_ || PQstatus(handle_) != CONNECTION_OK; }
  // Not to be used for another transaction: state of the server's session is not what it should be.
  void Spoil() { lost_ = true; }

  // What `result`, a failure, means for the caller. Within a transaction that only reads, a write
  // is the caller's mistake.
  absl::Status Failure(const PGresult* result, std::string_view statement);
  // kUnavailable, and lost from now on.
  absl::Status Lost(std::string_view doing);
  // The last failure was another transaction's doing: the same work may go through next time.
  bool MayRunAgain() const { return may_run_again_; }
  // Of the transaction that is to begin.
  void SetReadOnly(bool read_only) {
    read_only_ = read_only;
    may_run_again_ = false;
  }

  PGconn* handle() const { return handle_; }
  // To wait for, in a poll.
  int socket() const { return PQsocket(handle_); }

 private:
  explicit PostgresLink(PGconn* handle) : handle_(handle) {}
  absl::Status FinishConnecting(Wait wait);
  // Sends what is to be sent, and waits until a result can be had without waiting.
  absl::Status WaitForResult(Wait wait);

  PGconn* const handle_;
  bool lost_ = false;
  bool read_only_ = false;
  bool may_run_again_ = false;
};

}  // namespace weir::sql
