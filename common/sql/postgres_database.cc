#include "common/sql/postgres_database.h"

#include <thread>

namespace weir::sql {
namespace {

// First half of the advisory locks' keys ("weir"), so that others who use the database meet none.
constexpr int32_t kLocks = 0x77656972;
// A schema's migration may build an index of a large ledger.
constexpr std::chrono::milliseconds kLongest = std::chrono::hours(1);
constexpr std::chrono::milliseconds kPatience = std::chrono::minutes(1);
constexpr int kAllLocks = 2;
// A victim of a deadlock runs again after a pause, twice as long each time: at once, it would be
// back with its locks before the other has taken them.
constexpr int kTries = 6;
constexpr std::chrono::milliseconds kFirstPause{10};

// The same in every process and version: FNV-1a.
int32_t KeyOf(std::string_view name) {
  uint32_t hash = 2166136261u;
  for (const char each : name) hash = (hash ^ static_cast<unsigned char>(each)) * 16777619u;
  return static_cast<int32_t>(hash);
}

std::string LockOf(std::string_view name) {
  return fmt::format("; SELECT pg_advisory_xact_lock({}, {})", kLocks, KeyOf(name));
}

constexpr std::string_view kBeginWrite = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

}  // namespace

PostgresDatabase::PostgresDatabase(const PostgresOptions& options)
    : options_(options),
      reads_{.begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
             .commit = "COMMIT",
             .ring_and_commit = "COMMIT",
             .undo = "ROLLBACK",
             .read_only = true,
             .begin_wait = options.wait_timeout,
             .wait = options.statement_timeout},
      writes_(WriteFrame(LockOf(options.component), options.statement_timeout, false)),
      beside_{.begin = std::string(kBeginWrite),
              .commit = "COMMIT",
              .ring_and_commit = "COMMIT",
              .undo = "ROLLBACK",
              .begin_wait = options.wait_timeout,
              .wait = options.statement_timeout},
      // In this order everywhere.
      alone_(WriteFrame(LockOf("") + LockOf(options.component), kLongest, true)),
      together_frame_(WriteFrame(LockOf(options.component), kPatience, true)),
      pool_(options) {}

PostgresDatabase::Frame PostgresDatabase::WriteFrame(std::string_view locks,
                                                     PostgresLink::Wait wait, bool patient) const {
  Frame frame{.commit = "COMMIT", .undo = "ROLLBACK", .wait = wait};
  frame.begin_wait = patient ? kAllLocks * kPatience : options_.wait_timeout;
  frame.begin = kBeginWrite;
  if (patient) {
    frame.begin += fmt::format(
        "; SET LOCAL lock_timeout = {0}; SET LOCAL statement_timeout = {1}"
        "; SET LOCAL idle_in_transaction_session_timeout = {0}",
        kPatience.count(), wait.count());
  }
  frame.begin += locks;
  // Heard by the others when, and if, it is committed.
  frame.ring_and_commit = fmt::format("SELECT pg_notify('weir', '{}'); COMMIT", options_.component);
  return frame;
}

absl::StatusOr<std::unique_ptr<PostgresDatabase>> PostgresDatabase::Open(
    const PostgresOptions& options) {
  for (const char each : options.component) {
    if (each < 'a' || each > 'z') {
      return status::Internal("the component '{}' of a database: want lower-case letters",
                              options.component);
    }
  }
  std::unique_ptr<PostgresDatabase> database(new PostgresDatabase(options));
  WEIR_RETURN_IF_ERROR(database->Read([](Connection&) { return absl::OkStatus(); }));
  return database;
}

absl::Status PostgresDatabase::TakeTurn(Turn& turn, std::string_view whose) {
  if (turn.Take(3 * options_.wait_timeout)) return absl::OkStatus();
  return status::Unavailable("waiting for {} in PostgreSQL: it did not end within {} ms", whose,
                             3 * options_.wait_timeout.count());
}

absl::Status PostgresDatabase::Write(const Work& work) {
  if (const auto done = RunInner(false, work)) return *done;
  WEIR_RETURN_IF_ERROR(TakeTurn(writing_, "the write before"));
  const absl::Status written = Transact(writes_, work);
  writing_.Return();
  return written;
}

absl::Status PostgresDatabase::WriteAlone(const Work& work) { return Transact(alone_, work); }

absl::Status PostgresDatabase::WriteBeside(const Work& work) {
  if (const auto done = RunInner(false, work)) return *done;
  bool may_run_again = false;
  absl::Status written = Transact(beside_, work, &may_run_again);
  for (int i = 1; may_run_again && i < kTries; ++i) {
    std::this_thread::sleep_for(kFirstPause * (1 << (i - 1)));
    written = Transact(beside_, work, &may_run_again);
  }
  return written;
}

absl::Status PostgresDatabase::Read(const Work& work) {
  if (const auto done = RunInner(true, work)) return *done;
  return Transact(reads_, work);
}

absl::Status PostgresDatabase::Transact(const Frame& frame, const Work& work, bool* may_run_again) {
  if (may_run_again != nullptr) *may_run_again = false;
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<PostgresConnection> connection, Begin(frame));
  absl::Status done = RunIn(*connection, frame, work);
  if (may_run_again != nullptr) *may_run_again = !done.ok() && connection->link().MayRunAgain();
  pool_.Return(std::move(connection));
  return done;
}

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresDatabase::Begin(const Frame& frame) {
  for (bool first = true;; first = false) {
    WEIR_ASSIGN_OR_RETURN(std::unique_ptr<PostgresConnection> connection, pool_.Take());
    connection->SetWait(frame.begin_wait);
    absl::Status begun = connection->Begin(frame.begin, frame.read_only);
    connection->SetWait(frame.wait);
    if (begun.ok()) return connection;
    const bool lost = connection->link().IsLost();
    (void)connection->Undo(frame.undo);
    pool_.Return(std::move(connection));
    // A connection that nobody had used for a while, to a server that is there: nothing has been
    // done yet.
    if (!lost || !first) return begun;
  }
}

absl::Status PostgresDatabase::RunIn(PostgresConnection& connection, const Frame& frame,
                                     const Work& work) {
  absl::Status ended = work(connection);
  if (ended.ok()) {
    ended = connection.Commit(connection.Changed() ? frame.ring_and_commit : frame.commit);
  }
  if (ended.ok()) return ended;
  const absl::Status undone = connection.Undo(frame.undo);
  if (!undone.ok()) connection.link().Spoil();  // Closing it undoes all.
  return ended;
}

std::optional<absl::Status> PostgresDatabase::RunInner(bool read_only, const Work& work) {
  static const Frame kReads{.begin = "SAVEPOINT inner_; SET TRANSACTION READ ONLY",
                            .commit = "ROLLBACK TO inner_; RELEASE inner_",
                            .ring_and_commit = "ROLLBACK TO inner_; RELEASE inner_",
                            .undo = "ROLLBACK TO inner_; RELEASE inner_",
                            .read_only = true};
  static const Frame kWrites{.begin = "SAVEPOINT inner_",
                             .commit = "RELEASE inner_",
                             .ring_and_commit = "RELEASE inner_",
                             .undo = "ROLLBACK TO inner_; RELEASE inner_"};
  if (!together_) return std::nullopt;
  const Frame& frame = read_only ? kReads : kWrites;
  WEIR_RETURN_IF_ERROR(TakeTurn(inner_, "what is written together"));
  if (shared_ == nullptr) {
    inner_.Return();
    return std::nullopt;
  }
  absl::Status done = shared_->Begin(frame.begin, read_only);
  if (done.ok()) done = RunIn(*shared_, frame, work);
  inner_.Return();
  return done;
}

absl::Status PostgresDatabase::Together(const std::function<absl::Status()>& work) {
  WEIR_RETURN_IF_ERROR(TakeTurn(writing_, "the write before"));
  absl::StatusOr<std::unique_ptr<PostgresConnection>> begun = Begin(together_frame_);
  if (!begun.ok()) {
    writing_.Return();
    return begun.status();
  }
  shared_ = *std::move(begun);
  together_ = true;
  const absl::Status done = work();
  // Whoever came last is done with it first; none of its statements is without an end.
  while (!inner_.Take(kPatience)) {
  }
  std::unique_ptr<PostgresConnection> connection = std::move(shared_);
  const absl::Status committed = connection->Commit(together_frame_.ring_and_commit);
  // Only now: who reads elsewhere from here on sees what was seen here.
  together_ = false;
  inner_.Return();
  if (!committed.ok()) connection->link().Spoil();
  pool_.Return(std::move(connection));
  writing_.Return();
  WEIR_RETURN_IF_ERROR(status::While(committed, "committing what was written together"));
  return done;
}

absl::StatusOr<std::unique_ptr<Database>> OpenPostgres(const PostgresOptions& options) {
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<PostgresDatabase> database,
                        PostgresDatabase::Open(options));
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace weir::sql
