#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/testing/fake_clock.h"
#include "common/testing/new_folder.h"
#include "services/cache/cache_for_test.h"
#include "services/cache/memory_recordings.h"
#include "services/cache/recording_store_contract.h"
#include "services/cache/sql_cache_policy_store.h"
#include "services/cache/sql_recordings.h"

namespace weir::cache {
namespace {

using ::weir::testing::IsOk;

class MemoryUnderTest final : public RecordingsUnderTest {
 public:
  RecordingStore& store() override { return store_; }
  void Reopen() override {}
  asio::io_context& loop() override { return loop_; }
  const Clock& clock() override { return clock_; }

 private:
  testing::FakeClock clock_;
  asio::io_context loop_;
  MemoryRecordings store_{clock_};
};

class SqlUnderTest final : public RecordingsUnderTest {
 public:
  SqlUnderTest() { Reopen(); }
  RecordingStore& store() override { return *store_; }
  void Reopen() override {
    store_ = nullptr;
    database_ = nullptr;
    database_ = *sql::OpenSqlite({.path = folder_ + "/cache.db"});
    store_ = *SqlRecordings::Open(
        {.database = *database_, .sealer = *sealer_, .workers = workers_, .clock = clock_});
  }
  asio::io_context& loop() override { return loop_; }
  const Clock& clock() override { return clock_; }
  const std::string& folder() const { return folder_; }
  void UseAnotherKey() { sealer_ = TestSealer(random_, 'o'); }

 private:
  const std::string folder_ = testing::NewFolder();
  testing::FakeClock clock_;
  asio::io_context loop_;
  testing::SeededRandom random_{1};
  std::unique_ptr<crypto::Sealer> sealer_ = TestSealer(random_);
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<SqlRecordings> store_;
  WorkerPool workers_{"test", 2, 1000};
};

INSTANTIATE_TEST_SUITE_P(Memory, RecordingStoreContract, ::testing::Values(MakeRecordings([] {
                           return std::make_unique<MemoryUnderTest>();
                         })));
INSTANTIATE_TEST_SUITE_P(Sqlite, RecordingStoreContract, ::testing::Values(MakeRecordings([] {
                           return std::make_unique<SqlUnderTest>();
                         })));

// All bytes of all files in `folder`.
std::string BytesIn(const std::string& folder) {
  std::string bytes;
  for (const auto& each : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(each.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(file), {});
  }
  return bytes;
}

TEST(SqlRecordingsTest, NoFileHasAQuestionOrAnAnswer) {
  SqlUnderTest under_test;
  under_test.store().Put(StoredNamed("needle", under_test.clock().Now() + std::chrono::hours(1)));
  ASSERT_THAT(testing::RunUntilDone(under_test.loop(), under_test.store().Flush()), IsOk());
  const std::string bytes = BytesIn(under_test.folder());
  EXPECT_NE(bytes.find("needle"), std::string::npos) << "looked in the wrong place";
  EXPECT_EQ(bytes.find("canary"), std::string::npos);
}

TEST(SqlRecordingsTest, WhatDoesNotOpenIsLeftOut) {
  SqlUnderTest under_test;
  under_test.store().Put(StoredNamed("a", under_test.clock().Now() + std::chrono::hours(1)));
  ASSERT_THAT(testing::RunUntilDone(under_test.loop(), under_test.store().Flush()), IsOk());
  under_test.UseAnotherKey();
  under_test.Reopen();
  int found = 0;
  EXPECT_THAT(testing::RunUntilDone(under_test.loop(),
                                    under_test.store().Load([&found](auto) { ++found; })),
              IsOk());
  EXPECT_EQ(found, 0);
}

TEST(CacheRestartTest, AnswersAreThereAgain) {
  SqlUnderTest recordings;
  {
    CacheForTest cache({}, &recordings.store());
    cache.Record(TestRecord(kQuestion, "Click there.", kAlice));
    cache.Record(TestRecord(kQuestion, "Click there.", kBob));
    cache.Record(TestRecord("Who wrote Faust?", "Goethe.", kAlice));
  }
  ASSERT_THAT(testing::RunUntilDone(recordings.loop(), recordings.store().Flush()), IsOk());
  recordings.Reopen();
  CacheForTest cache({}, &recordings.store());
  ASSERT_THAT(testing::RunUntilDone(recordings.loop(), cache.cache->service().Load()), IsOk());
  EXPECT_EQ(cache.Stats().entries(), 3);
  EXPECT_TRUE(cache.Lookup(TestLookup(kParaphrase, "user:carol")).hit());
  EXPECT_FALSE(cache.Lookup(TestLookup("Who wrote Faust?", kBob)).hit());
  EXPECT_TRUE(cache.Lookup(TestLookup("Who wrote Faust?", kAlice)).hit());
}

}  // namespace
}  // namespace weir::cache
