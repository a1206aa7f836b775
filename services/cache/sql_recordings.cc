#include "services/cache/sql_recordings.h"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "common/log/log.h"
#include "services/cache/sql_cache_schema.h"

namespace weir::cache {
namespace {

constexpr size_t kBatch = 512;
constexpr size_t kBatchBytes = 4 << 20;
// Between two times that what is over is dropped.
constexpr Duration kSweep = std::chrono::seconds(30);
constexpr int64_t kPage = 256;

constexpr std::string_view kPut =
    "INSERT INTO cache_answer (id, organization, version, expires_us, sealed) "
    "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET version = excluded.version, "
    "expires_us = excluded.expires_us, sealed = excluded.sealed "
    "WHERE cache_answer.version <= excluded.version";
constexpr std::string_view kForget = "DELETE FROM cache_answer WHERE id = $1 AND organization = $2";
constexpr std::string_view kForgetExpired = "DELETE FROM cache_answer WHERE expires_us <= $1";
constexpr std::string_view kSelect =
    "SELECT id, organization, sealed FROM cache_answer WHERE expires_us > $1 AND id > $2 "
    "ORDER BY id LIMIT $3";

}  // namespace

SqlRecordings::SqlRecordings(Deps deps) : deps_(deps) {
  if (deps_.metrics == nullptr) return;
  dropped_ =
      &deps_.metrics->NewCounter("weir_cache_store_dropped_total",
                                 "Answers, and answers to forget, that the store did not take.");
}

absl::StatusOr<std::unique_ptr<SqlRecordings>> SqlRecordings::Open(Deps deps) {
  WEIR_RETURN_IF_ERROR(sql::Migrate(deps.database, "cache", kCacheSchema));
  return std::unique_ptr<SqlRecordings>(new SqlRecordings(deps));
}

void SqlRecordings::Put(v1::StoredAnswer answer) {
  std::string plain = answer.SerializeAsString();
  const size_t bytes = plain.size();
  Add(Remembered{.id = std::move(*answer.mutable_id()),
                 .organization = std::move(*answer.mutable_partition()->mutable_organization()),
                 .version = static_cast<int64_t>(answer.version()),
                 .expires_us = answer.expires_us(),
                 .plain = std::move(plain)},
      bytes);
}

void SqlRecordings::Forget(const std::string& organization, const std::string& id) {
  Add(Forgotten{.organization = organization, .id = id}, 0);
}

void SqlRecordings::Add(Step step, size_t bytes) {
  {
    MutexLock lock(mutex_);
    if (waiting_.size() >= kMaxWaiting || waiting_bytes_ + bytes > kMaxWaitingBytes) {
      if (dropped_ != nullptr) dropped_->Add();
      return;
    }
    waiting_.push_back(std::move(step));
    waiting_bytes_ += bytes;
    const bool is_enough = waiting_.size() >= kBatch || waiting_bytes_ >= kBatchBytes;
    if (!is_enough || std::exchange(posted_, true)) return;
  }
  Post();
}

void SqlRecordings::WriteSoon() {
  {
    MutexLock lock(mutex_);
    if (waiting_.empty() || std::exchange(posted_, true)) return;
  }
  Post();
}

void SqlRecordings::Post() {
  if (deps_.workers.TryPost([this] { Drain().IgnoreError(); })) return;
  // The pool is full: the next step tries again.
  MutexLock lock(mutex_);
  posted_ = false;
}

std::deque<SqlRecordings::Step> SqlRecordings::TakeBatch() {
  std::deque<Step> batch;
  MutexLock lock(mutex_);
  while (!waiting_.empty() && batch.size() < kBatch) {
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    const auto* answer = std::get_if<Remembered>(&batch.back());
    if (answer != nullptr) waiting_bytes_ -= answer->plain.size();
  }
  if (batch.empty()) posted_ = false;
  return batch;
}

absl::Status SqlRecordings::Drain() {
  MutexLock lock(drain_mutex_);
  absl::Status last;
  for (std::deque<Step> batch = TakeBatch(); !batch.empty(); batch = TakeBatch()) {
    last = Write(batch);
    if (last.ok()) continue;
    if (dropped_ != nullptr) dropped_->Add(static_cast<int64_t>(batch.size()));
    log::Warn("cache.store.failed", {{"steps", batch.size()}, {"reason", status::Message(last)}});
  }
  return last;
}

absl::Status SqlRecordings::WriteOne(sql::Connection& connection, const Step& step) const {
  if (const auto* forgotten = std::get_if<Forgotten>(&step)) {
    const std::array<sql::Value, 2> key = {forgotten->id, forgotten->organization};
    return connection.Execute(kForget, key).status();
  }
  const auto& answer = std::get<Remembered>(step);
  const std::string sealed = deps_.sealer.Seal(answer.plain, SealContext(answer.organization));
  const std::array<sql::ValueView, 5> row = {std::string_view(answer.id),
                                             std::string_view(answer.organization), answer.version,
                                             answer.expires_us, sql::BlobView{sealed}};
  return connection.Execute(kPut, row).status();
}

absl::Status SqlRecordings::Write(const std::deque<Step>& batch) {
  const WallTime time = deps_.clock.Now();
  const bool sweeps = time - swept_ >= kSweep;
  const std::array<sql::Value, 1> now = {ToUnixMicros(time)};
  const absl::Status written =
      deps_.database.Write([&](sql::Connection& connection) -> absl::Status {
        if (sweeps) WEIR_RETURN_IF_ERROR(connection.Execute(kForgetExpired, now).status());
        for (const Step& each : batch) WEIR_RETURN_IF_ERROR(WriteOne(connection, each));
        return absl::OkStatus();
      });
  if (written.ok() && sweeps) swept_ = time;
  return status::While(written, "storing answers");
}

absl::StatusOr<std::vector<SqlRecordings::Kept>> SqlRecordings::ReadPage(std::string after,
                                                                         int64_t now_us) const {
  std::vector<Kept> page;
  const absl::Status read = deps_.database.Read([&](sql::Connection& connection) -> absl::Status {
    page.clear();
    const std::array<sql::Value, 3> params = {now_us, after, kPage};
    WEIR_ASSIGN_OR_RETURN(const std::vector<sql::Row> rows, connection.Query(kSelect, params));
    for (const sql::Row& each : rows) page.push_back({each.Text(0), each.Text(1), each.Bytes(2)});
    return absl::OkStatus();
  });
  if (!read.ok()) return status::While(read, "reading the stored answers");
  return page;
}

asio::awaitable<absl::Status> SqlRecordings::Load(Sink sink) {
  const int64_t now_us = ToUnixMicros(deps_.clock.Now());
  std::string after;
  for (;;) {
    const absl::StatusOr<std::vector<Kept>> page =
        co_await RunOn(deps_.workers, std::bind(&SqlRecordings::ReadPage, this, after, now_us));
    if (!page.ok()) co_return page.status();
    if (page->empty()) co_return absl::OkStatus();
    after = page->back().id;
    for (const Kept& each : *page) {
      const absl::StatusOr<std::string> plain =
          deps_.sealer.Open(each.sealed, SealContext(each.organization));
      v1::StoredAnswer answer;
      if (plain.ok() && answer.ParseFromString(*plain)) sink(std::move(answer));
    }
  }
}

asio::awaitable<absl::Status> SqlRecordings::Flush() {
  absl::Status done = co_await RunOn(deps_.workers, std::bind(&SqlRecordings::Drain, this));
  co_return done;
}

}  // namespace weir::cache
