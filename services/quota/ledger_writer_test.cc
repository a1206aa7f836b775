#include "services/quota/ledger_writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "services/quota/limits_for_test.h"
#include "services/quota/memory_ledger.h"

namespace weir::quota {
namespace {

using testing::IsOk;
using testing::RunUntilDone;
using testing::StatusIs;

// A ledger whose commits wait for the test.
class GatedLedger final : public Ledger {
 public:
  absl::StatusOr<std::vector<bool>> Append(std::span<const LedgerRow> rows) override {
    std::unique_lock lock(mutex_);
    batches_.push_back(rows.size());
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    if (!failure_.ok()) return failure_;
    return inner_.Append(rows);
  }
  absl::StatusOr<std::optional<LedgerRow>> Find(const AttemptId& id) override {
    return inner_.Find(id);
  }
  absl::StatusOr<std::vector<UsageSum>> QueryUsage(const UsageQuery& query) override {
    return inner_.QueryUsage(query);
  }
  absl::StatusOr<std::vector<SubjectSum>> SumSubjects(const SumQuery& query) override {
    return inner_.SumSubjects(query);
  }

  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void FailWith(absl::Status failure) {
    std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
  }
  // Waits until the writer is at its `count`th commit.
  std::vector<size_t> WaitForBatches(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return batches_.size() >= count; });
    return batches_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  absl::Status failure_;
  std::vector<size_t> batches_;
  MemoryLedger inner_;
};

LedgerRow RowOf(uint32_t number) {
  LedgerRow row;
  row.id = IdOf(number);
  row.organization = "acme";
  return row;
}

QuotaConfig ConfigOf(int64_t batch, Duration linger) {
  QuotaConfig config;
  config.ledger_batch = batch;
  config.ledger_linger = linger;
  return config;
}

asio::awaitable<void> AppendOne(LedgerSink& sink, LedgerRow row,
                                std::vector<absl::StatusOr<bool>>& answers) {
  absl::StatusOr<bool> answer = co_await sink.Append(std::make_unique<LedgerRow>(std::move(row)));
  answers.push_back(std::move(answer));
}

TEST(LedgerWriterTest, AnswersWhenTheRowIsInTheLedger) {
  asio::io_context loop;  // Here and below: outlives the writer, which answers on it.
  MemoryLedger ledger;
  LedgerWriter writer(ConfigOf(512, Duration(0)), ledger);
  EXPECT_EQ(*RunUntilDone(loop, writer.Append(std::make_unique<LedgerRow>(RowOf(1)))), false);
  EXPECT_EQ(ledger.Rows().size(), 1u);
  EXPECT_EQ(*RunUntilDone(loop, writer.Append(std::make_unique<LedgerRow>(RowOf(1)))), true);
  EXPECT_EQ(ledger.Rows().size(), 1u);
}

TEST(LedgerWriterTest, RowsThatComeDuringACommitShareTheNext) {
  asio::io_context loop;
  GatedLedger ledger;
  LedgerWriter writer(ConfigOf(64, Duration(0)), ledger);
  std::vector<absl::StatusOr<bool>> answers;
  asio::co_spawn(loop, AppendOne(writer, RowOf(0), answers), asio::detached);
  loop.poll();
  ledger.WaitForBatches(1);
  for (uint32_t i = 1; i <= 100; ++i) {
    asio::co_spawn(loop, AppendOne(writer, RowOf(i), answers), asio::detached);
  }
  loop.poll();
  EXPECT_TRUE(answers.empty()) << "nothing is answered before its commit";
  ledger.Open();
  loop.restart();
  loop.run();
  EXPECT_EQ(answers.size(), 101u);
  EXPECT_THAT(ledger.WaitForBatches(3), ::testing::ElementsAre(1, 64, 36));
}

TEST(LedgerWriterTest, AFullGroupDoesNotLinger) {
  asio::io_context loop;
  MemoryLedger ledger;
  LedgerWriter writer(ConfigOf(8, std::chrono::hours(1)), ledger);
  std::vector<absl::StatusOr<bool>> answers;
  for (uint32_t i = 0; i < 8; ++i) {
    asio::co_spawn(loop, AppendOne(writer, RowOf(i), answers), asio::detached);
  }
  loop.run();
  EXPECT_EQ(answers.size(), 8u);
}

TEST(LedgerWriterTest, AFailedCommitIsEveryRowsAnswer) {
  asio::io_context loop;
  GatedLedger ledger;
  ledger.FailWith(status::Unavailable("the disk is full"));
  ledger.Open();
  LedgerWriter writer(ConfigOf(512, Duration(0)), ledger);
  EXPECT_THAT(RunUntilDone(loop, writer.Append(std::make_unique<LedgerRow>(RowOf(1)))),
              StatusIs(absl::StatusCode::kUnavailable, ::testing::HasSubstr("disk")));
  ledger.FailWith(absl::OkStatus());
  EXPECT_THAT(RunUntilDone(loop, writer.Append(std::make_unique<LedgerRow>(RowOf(1)))), IsOk());
}

TEST(LedgerWriterTest, AFullQueueRefusesAtOnce) {
  asio::io_context loop;
  GatedLedger ledger;
  QuotaConfig config = ConfigOf(1, Duration(0));
  config.ledger_queue = 1000;
  LedgerWriter writer(config, ledger);
  std::vector<absl::StatusOr<bool>> answers;
  asio::co_spawn(loop, AppendOne(writer, RowOf(0), answers), asio::detached);
  loop.poll();
  ledger.WaitForBatches(1);
  for (uint32_t i = 1; i <= 1001; ++i) {
    asio::co_spawn(loop, AppendOne(writer, RowOf(i), answers), asio::detached);
  }
  loop.poll();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_THAT(answers[0], StatusIs(absl::StatusCode::kUnavailable, ::testing::HasSubstr("full")));
  ledger.Open();
  loop.restart();
  loop.run();
  EXPECT_EQ(answers.size(), 1002u);
}

TEST(LedgerWriterTest, ItsEndCommitsWhatWaits) {
  MemoryLedger ledger;
  asio::io_context loop;
  std::vector<absl::StatusOr<bool>> answers;
  {
    LedgerWriter writer(ConfigOf(512, std::chrono::hours(1)), ledger);
    for (uint32_t i = 0; i < 20; ++i) {
      asio::co_spawn(loop, AppendOne(writer, RowOf(i), answers), asio::detached);
    }
    loop.poll();
  }
  EXPECT_EQ(ledger.Rows().size(), 20u);
  loop.restart();
  loop.run();
  EXPECT_EQ(answers.size(), 20u);
}

asio::awaitable<void> AppendMany(LedgerSink& sink, uint32_t first, uint32_t count,
                                 std::thread::id loop_thread, std::atomic<int>& answered) {
  for (uint32_t i = first; i < first + count; ++i) {
    absl::StatusOr<bool> answer = co_await sink.Append(std::make_unique<LedgerRow>(RowOf(i)));
    EXPECT_THAT(answer, IsOk());
    EXPECT_EQ(std::this_thread::get_id(), loop_thread) << "answered on another loop";
    ++answered;
  }
}

TEST(LedgerWriterTest, EachLoopGetsItsOwnAnswers) {
  std::array<asio::io_context, 4> loops;
  MemoryLedger ledger;
  LedgerWriter writer(ConfigOf(512, Duration(0)), ledger);
  std::atomic<int> answered = 0;
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      asio::io_context& loop = loops[t];
      for (uint32_t i = 0; i < 10; ++i) {
        asio::co_spawn(
            loop, AppendMany(writer, (t * 10 + i) * 100, 50, std::this_thread::get_id(), answered),
            asio::detached);
      }
      loop.run();
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(answered, 4 * 10 * 50);
  EXPECT_EQ(ledger.Rows().size(), 4u * 10 * 50);
}

}  // namespace
}  // namespace weir::quota
