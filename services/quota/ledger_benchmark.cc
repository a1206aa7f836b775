#include <benchmark/benchmark.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <thread>

#include "common/ids/random.h"
#include "common/sql/postgres_for_test.h"
#include "services/quota/ledger_writer.h"
#include "services/quota/quota_requests.h"
#include "services/quota/sql_ledger.h"
#include "services/quota/sql_schema.h"

// What a settlement costs to keep: CPU time, on a file under the working directory (that of the
// load harness has a disk behind it, /tmp often has not).
namespace weir::quota {
namespace {

constexpr int kKeys = 10'000;

// Settlements as the load harness causes them: 10,000 keys, the k-th with a popularity of 1/k.
class Rows {
 public:
  Rows() {
    std::vector<double> weights;
    for (int k = 1; k <= kKeys; ++k) weights.push_back(1.0 / k);
    key_ = std::discrete_distribution<int>(weights.begin(), weights.end());
  }

  LedgerRow Next() {
    const WallTime now = clock_.Now();
    common::v1::AttemptKey key;
    key.set_request_id(NewRequestId(now, random_));
    key.set_attempt(1);
    LedgerRow row;
    row.id = *ParseKey(key);
    row.organization = "load";
    const int number = key_(engine_);
    row.key_name = fmt::format("key-{:05}", number);
    row.key_public_id = fmt::format("public{:05}", number);
    row.proxy = "/";
    row.provider = "main";
    row.model = "gpt-4o-mini";
    row.kind = "chat";
    row.usage[UsageParts::kInputUncached] = 60;
    row.usage[UsageParts::kOutputVisible] = 140;
    row.requests = 1;
    row.outcome = 1;
    row.settled_at_us = ToUnixMicros(now);
    row.dispatched_at_us = row.settled_at_us - 500;
    return row;
  }
  std::vector<LedgerRow> Some(int64_t count) {
    std::vector<LedgerRow> rows;
    for (int64_t i = 0; i < count; ++i) rows.push_back(Next());
    return rows;
  }

 private:
  SystemClock clock_;
  SecureRandom random_;
  std::mt19937 engine_{1};
  std::discrete_distribution<int> key_;
};

// A ledger on a new file, which goes with it.
class FileLedger {
 public:
  FileLedger() {
    std::filesystem::create_directories(folder_);
    database_ = *sql::OpenSqlite({.path = (folder_ / "quota.db").string()});
    (void)sql::Migrate(*database_, "quota", QuotaMigrations());
    ledger_.emplace(*database_);
  }
  ~FileLedger() {
    ledger_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }
  SqlLedger& ledger() { return *ledger_; }
  void Fill(Rows& rows) {
    for (int i = 0; i < 100; ++i) (void)ledger_->Append(rows.Some(1000));
  }

 private:
  const std::filesystem::path folder_ =
      std::filesystem::current_path() / fmt::format("ledger_benchmark.{}", ::getpid());
  std::unique_ptr<sql::Database> database_;
  std::optional<SqlLedger> ledger_;
};

// 100,000 rows in groups of so many, onto 100,000 that are there.
void BM_LedgerAppend(benchmark::State& state) {
  FileLedger file;
  Rows rows;
  file.Fill(rows);
  std::vector<std::vector<LedgerRow>> groups;
  for (int64_t i = 0; i < state.max_iterations; ++i) groups.push_back(rows.Some(state.range(0)));
  auto next = groups.begin();
  for (auto _ : state) {
    if (!file.ledger().Append(*next++).ok()) state.SkipWithError("not appended");
  }
  state.counters["cpu_per_row"] =
      benchmark::Counter(static_cast<double>(state.iterations() * state.range(0)),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_LedgerAppend)->Arg(1)->Iterations(1000);
BENCHMARK(BM_LedgerAppend)->Arg(100)->Iterations(1000);
BENCHMARK(BM_LedgerAppend)->Arg(500)->Iterations(200);

// The same to a PostgreSQL server on this machine, which does not sync: what the exchanges cost.
void BM_PostgresAppend(benchmark::State& state) {
  const std::unique_ptr<sql::Database> database = sql::NewPostgres("quota");
  (void)sql::Migrate(*database, "quota", QuotaMigrations());
  SqlLedger ledger(*database);
  Rows rows;
  for (int i = 0; i < 20; ++i) (void)ledger.Append(rows.Some(1000));
  for (auto _ : state) {
    state.PauseTiming();
    const std::vector<LedgerRow> group = rows.Some(state.range(0));
    state.ResumeTiming();
    if (!ledger.Append(group).ok()) state.SkipWithError("not appended");
  }
  state.counters["rows_per_s"] = benchmark::Counter(
      static_cast<double>(state.iterations() * state.range(0)), benchmark::Counter::kIsRate);
}
BENCHMARK(BM_PostgresAppend)
    ->Arg(1)
    ->Arg(100)
    ->Arg(1024)
    ->Iterations(100)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

double CpuSeconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

asio::awaitable<void> AppendOne(LedgerSink& sink, LedgerRow row, int64_t& answered) {
  const absl::StatusOr<bool> added =
      co_await sink.Append(std::make_unique<LedgerRow>(std::move(row)));
  if (added.ok()) ++answered;
}

// 18,000 settlements a second for a second, as they come from one loop; the argument is the linger
// in milliseconds. `writer_us_per_row` is what all but the loop's thread costs.
void BM_LedgerWriter(benchmark::State& state) {
  constexpr int kPerMs = 18;
  FileLedger file;
  Rows rows;
  file.Fill(rows);
  QuotaConfig config;
  config.ledger_linger = std::chrono::milliseconds(state.range(0));
  int64_t answered = 0;
  double writer_s = 0;
  for (auto _ : state) {
    asio::io_context loop;
    const double before =
        CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
    {
      LedgerWriter writer(config, file.ledger());
      auto next = std::chrono::steady_clock::now();
      for (int ms = 0; ms < 1000; ++ms) {
        for (int i = 0; i < kPerMs; ++i) {
          asio::co_spawn(loop, AppendOne(writer, rows.Next(), answered), asio::detached);
        }
        loop.restart();
        loop.poll();
        next += std::chrono::milliseconds(1);
        std::this_thread::sleep_until(next);
      }
      loop.restart();
      loop.run();
    }
    writer_s += CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - CpuSeconds(CLOCK_THREAD_CPUTIME_ID) - before;
  }
  state.counters["writer_us_per_row"] = 1e6 * writer_s / static_cast<double>(answered);
}
BENCHMARK(BM_LedgerWriter)->Arg(5)->Arg(10)->Arg(25)->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::quota
