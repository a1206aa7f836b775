#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "common/sql/postgres_pool.h"

namespace weir::sql {

// A database of a PostgreSQL server. How it keeps what Database promises across processes:
//
// Write holds an advisory lock of its component from its first statement until its end, and sees
// what was committed before it got that lock (READ COMMITTED takes a snapshot for each statement).
// The lock goes after the commit can be seen, so numbers that a Write takes ("the last one and
// one") come up in order. WriteBeside holds no such lock. Reads are REPEATABLE READ, READ ONLY.
class PostgresDatabase final : public Database {
 public:
  // kUnavailable: the server cannot be asked now.
  static absl::StatusOr<std::unique_ptr<PostgresDatabase>> Open(const PostgresOptions& options);

  absl::Status Write(const Work& work) override;
  absl::Status WriteBeside(const Work& work) override;
  absl::Status WriteAlone(const Work& work) override;
  absl::Status Read(const Work& work) override;
  absl::Status Together(const std::function<absl::Status()>& work) override;

 private:
  // The statements around a transaction.
  struct Frame {
    std::string begin, commit, ring_and_commit, undo;
    bool read_only = false;
    // What its beginning may take, with its wait for locks, and each statement then. The server's
    // own limits are those of the session, or within `begin`.
    PostgresLink::Wait begin_wait{}, wait{};
  };
  explicit PostgresDatabase(const PostgresOptions& options);
  Frame WriteFrame(std::string_view locks, PostgresLink::Wait wait, bool patient) const;

  absl::Status TakeTurn(Turn& turn, std::string_view whose);
  absl::Status Transact(const Frame& frame, const Work& work, bool* may_run_again = nullptr);
  // The transaction has begun when this returns one.
  absl::StatusOr<std::unique_ptr<PostgresConnection>> Begin(const Frame& frame);
  absl::Status RunIn(PostgresConnection& connection, const Frame& frame, const Work& work);
  // Within Together, on its connection. Nothing: it is over.
  std::optional<absl::Status> RunInner(bool read_only, const Work& work);

  const PostgresOptions options_;
  const Frame reads_, writes_, beside_, alone_, together_frame_;
  PostgresPool pool_;
  // One Write of this process at a time waits for the lock, so that those who read find a
  // connection.
  Turn writing_;
  std::atomic<bool> together_ = false;
  Turn inner_;
  std::unique_ptr<PostgresConnection> shared_;  // Of Together; for whoever has the turn `inner_`.
};

}  // namespace weir::sql
