#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <optional>
#include <vector>

#include "common/async/mutex.h"
#include "common/sql/postgres_connection.h"

namespace weir::sql {

// One at a time, with a bounded wait. Thread-safe.
class Turn {
 public:
  // False: it did not come within `wait`.
  bool Take(std::chrono::milliseconds wait);
  void Return();

 private:
  Mutex mutex_;
  std::condition_variable_any free_;
  bool taken_ ABSL_GUARDED_BY(mutex_) = false;
};

// So many connections at most, made when they are needed and kept. Thread-safe.
//
// While the server cannot be reached, one caller at a time tries; the others hear at once what the
// last one heard, so that they do not all wait for a network that is silent.
class PostgresPool {
 public:
  explicit PostgresPool(PostgresOptions options) : options_(std::move(options)) {}

  // A connection of the caller's own until Return, idle and as far as is known alive. kUnavailable:
  // none came free in time, or none could be made.
  absl::StatusOr<std::unique_ptr<PostgresConnection>> Take();
  // What is lost, or is within a transaction still, is let go of.
  void Return(std::unique_ptr<PostgresConnection> connection);

 private:
  using Steady = std::chrono::steady_clock;

  // An idle one; null: the caller is to make one. kUnavailable as above.
  absl::StatusOr<std::unique_ptr<PostgresConnection>> TakeIdle();
  // Whether the caller may try to connect; else the last failure.
  absl::Status MayConnect() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::unique_ptr<PostgresConnection>> Connect();

  const PostgresOptions options_;
  Mutex mutex_;
  std::condition_variable_any free_;
  std::vector<std::unique_ptr<PostgresConnection>> idle_ ABSL_GUARDED_BY(mutex_);
  int made_ ABSL_GUARDED_BY(mutex_) = 0;  // Idle, lent, and being made.
  // Since the last attempt to connect failed: with what, and when the next may be made.
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  Steady::time_point try_again_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace weir::sql
