// What one process writes is told by the feed of another.
#include "services/identity/change_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "common/sql/doorbell.h"
#include "common/sql/postgres_for_test.h"
#include "common/testing/fake_clock.h"
#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "services/identity/memory_directory.h"
#include "services/identity/sql_directory.h"

namespace weir::identity {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;
using Steady = std::chrono::steady_clock;

// Another's, that cannot be read at times, and may become a third one.
class FrailDirectory final : public Directory {
 public:
  explicit FrailDirectory(Directory& its_inner) : inner(&its_inner) {}
  absl::Status Read(const std::function<absl::Status(DirectoryReader&)>& work) override {
    return down ? status::Unavailable("down") : inner->Read(work);
  }
  absl::Status Write(const std::function<absl::Status(DirectoryWriter&)>& work) override {
    return inner->Write(work);
  }
  Directory* inner;
  bool down = false;
};

absl::Status Log(ChangeFeed& feed, const std::string& key) {
  return feed.Write([&](DirectoryWriter&, std::vector<Change>& changes) {
    changes.push_back({Change::Kind::kKey, "acme", key});
    return absl::OkStatus();
  });
}

// "3:k1", a heartbeat as "3".
std::string TextOf(const v1::WatchEvent& event) {
  if (event.has_heartbeat()) return fmt::format("{}", event.sequence());
  return fmt::format("{}:{}", event.sequence(), event.key_changed().key_public_id());
}

// A watcher of `feed`, on a loop of its own.
class Watcher {
 public:
  explicit Watcher(ChangeFeed& feed) : stream_(feed.Watch(loop_.get_executor())) {}

  v1::WatchEvent Next() { return *testing::RunUntilDone(loop_, stream_->Next()); }
  // The next `count` of them.
  std::vector<std::string> Next(size_t count) {
    std::vector<std::string> events;
    while (events.size() < count) events.push_back(TextOf(Next()));
    return events;
  }

 private:
  asio::io_context loop_;
  std::shared_ptr<EventStream<v1::WatchEvent>> stream_;
};

class ChangeFeedTest : public ::testing::Test {
 protected:
  std::unique_ptr<ChangeFeed> Open() {
    return *ChangeFeed::Open({.directory = frail_, .clock = clock_});
  }

  testing::FakeClock clock_;
  MemoryDirectory directory_;
  FrailDirectory frail_{directory_};
  std::unique_ptr<ChangeFeed> other_ =
      *ChangeFeed::Open({.directory = directory_, .clock = clock_});
  std::unique_ptr<ChangeFeed> feed_ = Open();
  Watcher watcher_{*feed_};
};

TEST_F(ChangeFeedTest, TellsWhatAnotherWroteOnce) {
  ASSERT_THAT(Log(*other_, "a"), IsOk());
  ASSERT_THAT(Log(*other_, "b"), IsOk());
  EXPECT_THAT(feed_->Follow(), IsOk());
  EXPECT_THAT(feed_->Follow(), IsOk());
  EXPECT_EQ(feed_->sequence(), 2u);
  ASSERT_THAT(Log(*feed_, "c"), IsOk());
  EXPECT_THAT(feed_->Follow(), IsOk());
  EXPECT_THAT(watcher_.Next(4), ElementsAre("0", "1:a", "2:b", "3:c"));
}

TEST_F(ChangeFeedTest, WhatOthersWroteBeforeIsToldFirst) {
  ASSERT_THAT(Log(*other_, "a"), IsOk());
  ASSERT_THAT(Log(*other_, "b"), IsOk());
  ASSERT_THAT(Log(*feed_, "c"), IsOk());
  EXPECT_THAT(watcher_.Next(4), ElementsAre("0", "1:a", "2:b", "3:c"));
}

TEST_F(ChangeFeedTest, AnOwnChangeIsToldWhateverCannotBeRead) {
  ASSERT_THAT(Log(*other_, "a"), IsOk());
  frail_.down = true;
  EXPECT_THAT(feed_->Follow(), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_THAT(Log(*feed_, "b"), IsOk());
  EXPECT_THAT(watcher_.Next(2), ElementsAre("0", "2:b")) << "the gap shows that one is missing";
}

TEST_F(ChangeFeedTest, WhatTheLogHasLetGoOfIsAGap) {
  ASSERT_THAT(directory_.Write([&](DirectoryWriter& writer) -> absl::Status {
    for (uint64_t i = 0; i < DirectoryWriter::kChangesKept + 2; ++i) {
      WEIR_RETURN_IF_ERROR(writer.Log({Change::Kind::kKey, "acme", "k"}, clock_.Now()).status());
    }
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_THAT(feed_->Follow(), IsOk());
  EXPECT_EQ(feed_->sequence(), DirectoryWriter::kChangesKept + 2);
  EXPECT_THAT(watcher_.Next(3), ElementsAre("0", "3:k", "4:k"));
}

// As if it had been restored from a copy.
TEST_F(ChangeFeedTest, AStoreOfBeforeIsToldByANumberThatGoesBack) {
  ASSERT_THAT(Log(*feed_, "a"), IsOk());
  ASSERT_THAT(Log(*feed_, "b"), IsOk());
  MemoryDirectory restored;
  const auto writer = *ChangeFeed::Open({.directory = restored, .clock = clock_});
  ASSERT_THAT(Log(*writer, "a"), IsOk());
  frail_.inner = &restored;
  EXPECT_THAT(feed_->Follow(), IsOk());
  ASSERT_THAT(Log(*writer, "c"), IsOk());
  EXPECT_THAT(feed_->Follow(), IsOk());
  EXPECT_THAT(watcher_.Next(5), ElementsAre("0", "1:a", "2:b", "1", "2:c"));
}

// A stack as a process has it: database, directory, feed, and a thread that follows the doorbell.
class Process {
 public:
  explicit Process(const std::string& database)
      : database_(sql::OpenPostgresForTest(sql::PostgresForTest(database, "identity"))),
        doorbell_(sql::ListenPostgres(sql::PostgresForTest(database, "identity"),
                                      [this](std::string_view component) {
                                        if (component == "identity" || component.empty()) Wake();
                                      })),
        following_([this] { Follow(); }) {}
  ~Process() {
    doorbell_.reset();
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    Wake();
    following_.join();
    feed_->Close();
  }

  ChangeFeed& feed() { return *feed_; }

 private:
  void Wake() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    wake_.notify_one();
  }
  void Follow() {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return rung_; });
        if (stopping_) return;
        rung_ = false;
      }
      EXPECT_THAT(feed_->Follow(), IsOk());
    }
  }

  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool rung_ = false;
  bool stopping_ = false;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<SqlDirectory> directory_ = *SqlDirectory::Open(*database_);
  std::unique_ptr<ChangeFeed> feed_ =
      *ChangeFeed::Open({.directory = *directory_, .clock = clock_});
  std::unique_ptr<sql::Doorbell> doorbell_;
  std::thread following_;
};

TEST(ChangeFeedPostgresTest, AChangeOfAnotherProcessIsHeardWithinMilliseconds) {
  const std::string database = testing::PostgresServer::Shared().NewDatabase();
  Process writes(database);
  Process hears(database);
  Watcher watcher(hears.feed());
  watcher.Next();
  std::vector<Steady::duration> took;
  for (int i = 0; i < 50; ++i) {
    ASSERT_THAT(Log(writes.feed(), fmt::format("k{}", i)), IsOk());
    const Steady::time_point committed = Steady::now();
    EXPECT_EQ(watcher.Next(1).front(), fmt::format("{0}:k{1}", i + 1, i));
    took.push_back(Steady::now() - committed);
  }
  std::ranges::sort(took);
  const auto ms = [](Steady::duration each) {
    return std::chrono::duration<double, std::milli>(each).count();
  };
  std::printf("from the commit to the event: median %.2f ms, longest %.2f ms\n", ms(took[25]),
              ms(took.back()));
  // A poll would take half a second; a machine that is busy with other tests some milliseconds.
  EXPECT_LT(took[25], std::chrono::milliseconds(200));
}

TEST(ChangeFeedPostgresTest, WritersOfTwoProcessesAreHeardByBothInOrder) {
  constexpr int kEach = 30;
  const std::string database = testing::PostgresServer::Shared().NewDatabase();
  Process first(database);
  Process second(database);
  Watcher at_first(first.feed());
  Watcher at_second(second.feed());
  const auto write = [](ChangeFeed& feed, const std::string& who) {
    for (int i = 0; i < kEach; ++i) EXPECT_THAT(Log(feed, who), IsOk());
  };
  std::thread one(write, std::ref(first.feed()), "one");
  std::thread two(write, std::ref(second.feed()), "two");
  std::vector<std::string> heard[2];
  for (int i = 0; i < 2; ++i) {
    Watcher& watcher = i == 0 ? at_first : at_second;
    watcher.Next();
    for (uint64_t number = 1; number <= 2 * kEach; ++number) {
      const v1::WatchEvent event = watcher.Next();
      EXPECT_EQ(event.sequence(), number);
      heard[i].push_back(TextOf(event));
    }
  }
  EXPECT_EQ(heard[0], heard[1]);
  one.join();
  two.join();
}

}  // namespace
}  // namespace weir::identity
