#include "common/sql/postgres_pool.h"

namespace weir::sql {
namespace {

// Between attempts to connect to a server that is not there.
constexpr std::chrono::milliseconds kPause{200};

// One that no other thread has a part in: what a status shares is counted inside Abseil's library,
// where ThreadSanitizer does not see that it is.
absl::Status Unshared(const absl::Status& status) {
  return status.ok() ? status : status::Make(status.code(), status::Message(status));
}

}  // namespace

bool Turn::Take(std::chrono::milliseconds wait) {
  const auto end = std::chrono::steady_clock::now() + wait;
  MutexLock lock(mutex_);
  while (taken_) {
    if (free_.wait_until(mutex_, end) == std::cv_status::timeout && taken_) return false;
  }
  taken_ = true;
  return true;
}

void Turn::Return() {
  {
    MutexLock lock(mutex_);
    taken_ = false;
  }
  free_.notify_one();
}

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresPool::Take() {
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(std::unique_ptr<PostgresConnection> idle, TakeIdle());
    if (idle == nullptr) return Connect();
    if (idle->link().IsThere()) return idle;
    Return(std::move(idle));
  }
}

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresPool::TakeIdle() {
  const auto end = Steady::now() + options_.wait_timeout;
  MutexLock lock(mutex_);
  for (;;) {
    if (!idle_.empty()) {
      std::unique_ptr<PostgresConnection> taken = std::move(idle_.back());
      idle_.pop_back();
      return taken;
    }
    if (made_ < options_.connections) {
      WEIR_RETURN_IF_ERROR(MayConnect());
      ++made_;
      return nullptr;
    }
    if (free_.wait_until(mutex_, end) == std::cv_status::timeout && idle_.empty() &&
        made_ >= options_.connections) {
      return status::Unavailable("waiting for a connection to PostgreSQL: none came free in {} ms",
                                 options_.wait_timeout.count());
    }
  }
}

absl::Status PostgresPool::MayConnect() {
  if (failure_.ok()) return absl::OkStatus();
  if (Steady::now() < try_again_) return Unshared(failure_);
  // The others go on hearing of the failure until this attempt has ended.
  try_again_ = Steady::now() + options_.connect_timeout + kPause;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresPool::Connect() {
  absl::StatusOr<std::unique_ptr<PostgresConnection>> opened = PostgresConnection::Open(options_);
  {
    MutexLock lock(mutex_);
    failure_ = Unshared(opened.status());
    if (!opened.ok()) {
      --made_;
      try_again_ = Steady::now() + kPause;
    }
  }
  if (!opened.ok()) free_.notify_one();
  return opened;
}

void PostgresPool::Return(std::unique_ptr<PostgresConnection> connection) {
  {
    MutexLock lock(mutex_);
    if (connection->IsIdle()) {
      idle_.push_back(std::move(connection));
    } else {
      --made_;
    }
  }
  free_.notify_one();
}

}  // namespace weir::sql
