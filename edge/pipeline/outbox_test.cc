#include "edge/pipeline/outbox.h"

#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "common/testing/new_folder.h"
#include "common/testing/status_matchers.h"
#include "edge/pipeline/outbox_record.h"

namespace weir::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::weir::testing::IsOk;
using ::weir::testing::NewFolder;
using ::weir::testing::StatusIs;

using edge::v1::OutboxRecord;
using quota::v1::SettleRequest;

common::v1::AttemptKey Key(const std::string& request, uint32_t attempt = 1) {
  common::v1::AttemptKey key;
  key.set_request_id(request);
  key.set_attempt(attempt);
  return key;
}
OutboxRecord::Intent IntentOf(const std::string& request, size_t padding = 0) {
  OutboxRecord::Intent intent;
  *intent.mutable_key() = Key(request);
  intent.mutable_subjects()->set_organization("acme");
  intent.mutable_subjects()->set_team(std::string(padding, 't'));
  intent.set_input_tokens_likely(100);
  intent.set_requests(1);
  intent.set_kind("chat");
  intent.mutable_dispatched_at()->set_seconds(1763719200);
  return intent;
}
SettleRequest SettlementOf(const std::string& request) {
  SettleRequest settle;
  *settle.mutable_key() = Key(request);
  settle.set_seq(1);
  settle.mutable_usage()->set_output_visible_tokens(7);
  settle.set_outcome(SettleRequest::OUTCOME_FINISHED);
  return settle;
}

class OutboxTest : public ::testing::Test {
 protected:
  void Open(uint64_t segment_bytes = 8 << 20, uint64_t max_bytes = 1 << 30) {
    auto opened = Outbox::Open({.directory = folder_,
                                .instance = "edge",
                                .segment_bytes = segment_bytes,
                                .max_bytes = max_bytes});
    ASSERT_THAT(opened, IsOk());
    outbox_ = *std::move(opened);
  }
  absl::Status Intend(const std::string& request, size_t padding = 0) {
    const auto entry = outbox_->Intend(IntentOf(request, padding));
    entries_[request] = entry.value_or(0);
    return entry.status();
  }
  // The process is killed: its files stay as they are, its lock is free.
  void Kill() {
    const std::string saved = NewFolder();
    for (const auto& each : std::filesystem::directory_iterator(folder_)) {
      std::filesystem::copy(each.path(), saved + "/" + each.path().filename().string());
    }
    outbox_.reset();
    std::filesystem::remove_all(folder_);
    std::filesystem::rename(saved, folder_);
  }
  std::vector<std::string> Segments() const {
    std::vector<std::string> names;
    for (const auto& each : std::filesystem::directory_iterator(folder_)) {
      if (each.path().extension() == ".outbox") names.push_back(each.path());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  // Those with a record.
  std::vector<std::string> Needed() const {
    std::vector<std::string> names = Segments();
    std::erase_if(names, [](const std::string& path) {
      std::ifstream file(path, std::ios::binary);
      return file.get() == 0;
    });
    return names;
  }
  Adopted Adopt() {
    auto adopted = AdoptOutboxes(folder_);
    EXPECT_THAT(adopted, IsOk());
    if (!adopted.ok() || adopted->size() != 1) {
      ADD_FAILURE() << "nothing to adopt";
      return {};
    }
    return adopted->front();
  }
  // The files that are handed out for syncing.
  std::vector<std::string> Dirty() {
    std::vector<std::string> paths;
    for (const int file : outbox_->TakeDirtyFiles()) {
      paths.push_back(std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", file)));
      ::close(file);
    }
    return paths;
  }
  std::vector<OutboxRecord> Records() const {
    std::vector<OutboxRecord> records;
    for (const std::string& path : Segments()) {
      std::ifstream file(path, std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      EXPECT_EQ(ReadFrames(bytes, [&](const OutboxRecord& each) { records.push_back(each); }), 0U);
    }
    return records;
  }

  const std::string folder_ = NewFolder();
  std::unique_ptr<Outbox> outbox_;
  std::map<std::string, Outbox::Entry> entries_;
};

TEST_F(OutboxTest, AnIntentIsWrittenWhenItReturns) {
  Open();
  ASSERT_THAT(Intend("a"), IsOk());
  const auto records = Records();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].intent().key().request_id(), "a");
  EXPECT_EQ(outbox_->open(), 1U);
  EXPECT_GT(outbox_->bytes(), 0U);
}

TEST_F(OutboxTest, ASettlementIsKeptUntilItIsClosed) {
  Open();
  ASSERT_THAT(Intend("a"), IsOk());
  outbox_->Progress(entries_["a"], Key("a"), 3);
  outbox_->Settlement(entries_["a"], SettlementOf("a"));
  EXPECT_EQ(outbox_->SettlementOf(entries_["a"]).SerializeAsString(),
            SettlementOf("a").SerializeAsString());
  EXPECT_EQ(outbox_->SettlementOf(entries_["a"]).usage().output_visible_tokens(), 7);
}

// What is in no file yet when the process is killed would be lost.
TEST_F(OutboxTest, EveryRecordIsInTheFileWhenItsCallReturns) {
  Open();
  ASSERT_THAT(Intend("a"), IsOk());
  EXPECT_THAT(Records(), SizeIs(1));
  outbox_->Progress(entries_["a"], Key("a"), 64);
  EXPECT_THAT(Records(), SizeIs(2));
  outbox_->Settlement(entries_["a"], SettlementOf("a"));
  EXPECT_THAT(Records(), SizeIs(3));
  outbox_->Close(entries_["a"]);
  const auto records = Records();
  ASSERT_THAT(records, SizeIs(4));
  EXPECT_EQ(records[1].progress().output_tokens(), 64);
  EXPECT_EQ(records[2].settlement().usage().output_visible_tokens(), 7);
  EXPECT_EQ(records[3].closed().request_id(), "a");
  EXPECT_EQ(outbox_->open(), 0U);
}

TEST_F(OutboxTest, ClosingTwiceOrWithoutAnIntentChangesNothing) {
  Open();
  outbox_->Close(entries_["never"]);
  ASSERT_THAT(Intend("a"), IsOk());
  outbox_->Close(entries_["a"]);
  outbox_->Close(entries_["a"]);
  EXPECT_THAT(Records(), SizeIs(2));
  EXPECT_EQ(outbox_->open(), 0U);
}

TEST_F(OutboxTest, OnlyOneEdgeHoldsAnInstance) {
  Open();
  const Outbox::Options same{.directory = folder_, .instance = "edge"};
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Outbox::Open(same),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("another process")));
  }
  // Nor does anybody adopt it, although the second has come and gone.
  ASSERT_THAT(Intend("a"), IsOk());
  auto adopted = AdoptOutboxes(folder_);
  ASSERT_THAT(adopted, IsOk());
  EXPECT_THAT(*adopted, IsEmpty());
}

TEST_F(OutboxTest, ADirectoryThatIsNotThereIsNamed) {
  EXPECT_THAT(Outbox::Open({.directory = "/no/such", .instance = "edge"}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("/no/such")));
  EXPECT_THAT(AdoptOutboxes("/no/such"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("/no/such")));
}

TEST_F(OutboxTest, AnOutboxWithNothingOpenLeavesNoFile) {
  Open();
  ASSERT_THAT(Intend("a"), IsOk());
  outbox_->Close(entries_["a"]);
  outbox_.reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(OutboxTest, AnOutboxWithOpenAttemptsLeavesThemToTheNext) {
  Open();
  ASSERT_THAT(Intend("a"), IsOk());
  outbox_.reset();
  EXPECT_THAT(Adopt().settlements, SizeIs(1));
}

// --- Segments ---

TEST_F(OutboxTest, SegmentsRollAndGoOnceTheirAttemptsAreClosed) {
  Open(/*segment_bytes=*/1'000);
  for (int i = 0; i < 40; ++i) {
    const std::string name = std::to_string(i);
    ASSERT_THAT(Intend(name, 100), IsOk());
    outbox_->Settlement(entries_[name], SettlementOf(name));
    outbox_->Close(entries_[name]);
  }
  EXPECT_LE(Needed().size(), 2U);
  EXPECT_LE(outbox_->bytes(), 3'000U);
}

// The file in which one ended may go before the file in which it began is used again.
TEST_F(OutboxTest, WhatIsInAFileThatNobodyNeedsIsForgotten) {
  Open(/*segment_bytes=*/1'000);
  for (int i = 0; i < 40; ++i) {
    const std::string name = std::to_string(i);
    ASSERT_THAT(Intend(name, 100), IsOk());
    outbox_->Close(entries_[name]);
    const std::string saved = NewFolder();
    for (const std::string& path : Segments()) {
      std::filesystem::copy(path, saved + "/" + std::filesystem::path(path).filename().string());
    }
    auto adopted = AdoptOutboxes(saved);
    ASSERT_THAT(adopted, IsOk());
    for (const Adopted& each : *adopted) ASSERT_THAT(each.settlements, IsEmpty()) << name;
    for (const Adopted& each : *adopted) each.discard();
  }
}

TEST_F(OutboxTest, AFewThatStayOpenAreCarriedOver) {
  Open(/*segment_bytes=*/4'000);
  ASSERT_THAT(Intend("streams"), IsOk());
  ASSERT_THAT(Intend("settles"), IsOk());
  outbox_->Progress(entries_["streams"], Key("streams"), 64);
  outbox_->Settlement(entries_["settles"], SettlementOf("settles"));
  for (int i = 0; i < 200; ++i) {
    ASSERT_THAT(Intend(std::to_string(i), 200), IsOk());
    outbox_->Close(entries_[std::to_string(i)]);
    ASSERT_LE(Needed().size(), 3U);
  }
  EXPECT_LE(outbox_->bytes(), 14'000U);
  EXPECT_EQ(outbox_->open(), 2U);
  Kill();
  Adopted adopted = Adopt();
  ASSERT_THAT(adopted.settlements, SizeIs(2));
  std::ranges::sort(adopted.settlements, {},
                    [](const auto& each) { return each.key().request_id(); });
  EXPECT_EQ(adopted.settlements[0].key().request_id(), "settles");
  EXPECT_EQ(adopted.settlements[0].outcome(), SettleRequest::OUTCOME_FINISHED);
  EXPECT_EQ(adopted.settlements[0].usage().output_visible_tokens(), 7);
  EXPECT_EQ(adopted.settlements[1].key().request_id(), "streams");
  EXPECT_EQ(adopted.settlements[1].outcome(), SettleRequest::OUTCOME_RECOVERED);
  EXPECT_EQ(adopted.settlements[1].usage().output_visible_tokens(), 64);
  EXPECT_EQ(adopted.settlements[1].usage().input_uncached_tokens(), 100);
}

TEST_F(OutboxTest, WhatWasCarriedOverGoesWhenItIsClosed) {
  Open(/*segment_bytes=*/4'000);
  ASSERT_THAT(Intend("streams"), IsOk());
  for (int i = 0; i < 100; ++i) {
    ASSERT_THAT(Intend(std::to_string(i), 200), IsOk());
    outbox_->Close(entries_[std::to_string(i)]);
  }
  outbox_->Close(entries_["streams"]);
  EXPECT_EQ(outbox_->open(), 0U);
  EXPECT_LE(Needed().size(), 2U);
  Kill();
  EXPECT_THAT(Adopt().settlements, IsEmpty());
}

// The oldest file stays where its attempts are too many to be written again. A record that closes
// an attempt must not go before its intent does.
TEST_F(OutboxTest, AnOpenAttemptKeepsItsSegmentAndAllBehindIt) {
  Open(/*segment_bytes=*/1'000);
  ASSERT_THAT(Intend("old", 100), IsOk());
  for (int i = 0; i < 20; ++i) {
    ASSERT_THAT(Intend(std::to_string(i), 200), IsOk());
    outbox_->Close(entries_[std::to_string(i)]);
  }
  EXPECT_GT(Segments().size(), 3U);
  Kill();
  const Adopted adopted = Adopt();
  ASSERT_THAT(adopted.settlements, SizeIs(1));
  EXPECT_EQ(adopted.settlements[0].key().request_id(), "old");
}

TEST_F(OutboxTest, SegmentsGoAsSoonAsTheOldestIsClosed) {
  Open(/*segment_bytes=*/1'000);
  ASSERT_THAT(Intend("old", 100), IsOk());
  for (int i = 0; i < 20; ++i) {
    ASSERT_THAT(Intend(std::to_string(i), 200), IsOk());
    outbox_->Close(entries_[std::to_string(i)]);
  }
  outbox_->Close(entries_["old"]);
  EXPECT_LE(Needed().size(), 2U);
  EXPECT_LE(Segments().size(), 4U) << "two are kept to be used again";
}

TEST_F(OutboxTest, FullRefusesIntentsUntilAttemptsAreClosed) {
  Open(/*segment_bytes=*/1'000, /*max_bytes=*/4'000);
  std::vector<std::string> taken;
  absl::Status last;
  for (int i = 0; i < 100 && last.ok(); ++i) {
    last = Intend(std::to_string(i), 200);
    if (last.ok()) taken.push_back(std::to_string(i));
  }
  EXPECT_THAT(last, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("full")));
  EXPECT_LT(taken.size(), 30U);
  for (const std::string& each : taken) {
    outbox_->Settlement(entries_[each], SettlementOf(each));
    outbox_->Close(entries_[each]);
  }
  EXPECT_THAT(Intend("again"), IsOk());
}

// --- A disk that takes no more ---

// No file of this process grows beyond `bytes` while this lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(uint64_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit now = before_;
    now.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  sighandler_t handler_;
};

TEST_F(OutboxTest, ADiskWithoutRoomRefusesIntentsUntilThereIsSome) {
  Open(/*segment_bytes=*/1'000);
  ASSERT_THAT(Intend("before", 800), IsOk());
  {
    const FileSizeLimit full(500);
    EXPECT_THAT(Intend("lost", 800),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("allocating")));
    EXPECT_FALSE(Intend("lost", 800).ok());
    // What has an intent keeps it.
    outbox_->Settlement(entries_["before"], SettlementOf("before"));
  }
  EXPECT_EQ(outbox_->open(), 1U);
  ASSERT_THAT(Intend("behind"), IsOk());
  Kill();
  const Adopted adopted = Adopt();
  std::vector<std::string> names;
  for (const auto& each : adopted.settlements) names.push_back(each.key().request_id());
  EXPECT_THAT(names, ElementsAre("before", "behind"));
  EXPECT_EQ(adopted.unreadable, 0);
}

TEST_F(OutboxTest, ASegmentThatCannotBeOpenedIsTriedAgain) {
  Open(/*segment_bytes=*/10);
  const std::string elsewhere = NewFolder() + "/moved";
  std::filesystem::rename(folder_, elsewhere);
  std::ignore = Intend("a");  // Written, then the next segment has no place.
  EXPECT_FALSE(Intend("b").ok());
  std::filesystem::rename(elsewhere, folder_);
  EXPECT_THAT(Intend("c"), IsOk());
}

// --- Adoption ---

TEST_F(OutboxTest, OpenIntentsBecomeEstimatesOfWhatWasDelivered) {
  Open();
  ASSERT_THAT(Intend("a"), IsOk());
  outbox_->Progress(entries_["a"], Key("a"), 64);
  outbox_->Progress(entries_["a"], Key("a"), 128);
  Kill();
  const Adopted adopted = Adopt();
  ASSERT_THAT(adopted.settlements, SizeIs(1));
  const SettleRequest& settle = adopted.settlements[0];
  EXPECT_EQ(settle.key().request_id(), "a");
  EXPECT_EQ(settle.seq(), 1U);
  EXPECT_EQ(settle.subjects().organization(), "acme");
  EXPECT_EQ(settle.usage().input_uncached_tokens(), 100);
  EXPECT_EQ(settle.usage().output_visible_tokens(), 128);
  EXPECT_EQ(settle.requests(), 1);
  EXPECT_TRUE(settle.estimated());
  EXPECT_EQ(settle.outcome(), SettleRequest::OUTCOME_RECOVERED);
  EXPECT_EQ(settle.kind(), "chat");
  EXPECT_EQ(settle.dispatched_at().seconds(), 1763719200);
}

TEST_F(OutboxTest, SettlementsAreSentAgainAndClosedAttemptsAreNot) {
  Open();
  for (const char* name : {"settled", "closed", "released"}) ASSERT_THAT(Intend(name), IsOk());
  outbox_->Settlement(entries_["settled"], SettlementOf("settled"));
  outbox_->Settlement(entries_["closed"], SettlementOf("closed"));
  outbox_->Close(entries_["closed"]);
  outbox_->Close(entries_["released"]);
  Kill();
  const Adopted adopted = Adopt();
  ASSERT_THAT(adopted.settlements, SizeIs(1));
  EXPECT_EQ(adopted.settlements[0].key().request_id(), "settled");
  EXPECT_EQ(adopted.settlements[0].usage().output_visible_tokens(), 7);
  EXPECT_FALSE(adopted.settlements[0].estimated());
}

TEST_F(OutboxTest, ATornLastRecordIsLeftOut) {
  Open();
  ASSERT_THAT(Intend("a"), IsOk());
  ASSERT_THAT(Intend("b"), IsOk());
  const uint64_t size = outbox_->bytes();
  Kill();
  const std::string path = Segments().front();
  for (const size_t cut : {1, 5, 9, 20}) {
    std::filesystem::resize_file(path, size - cut);
    // The rest of the file that was allocated for it.
    if (cut != 5) std::filesystem::resize_file(path, size + 1000);
    auto adopted = AdoptOutboxes(folder_);
    ASSERT_THAT(adopted, IsOk());
    ASSERT_THAT(*adopted, SizeIs(1));
    ASSERT_THAT(adopted->front().settlements, SizeIs(1));
    EXPECT_EQ(adopted->front().settlements[0].key().request_id(), "a");
    EXPECT_EQ(adopted->front().unreadable, 1);
    // Nobody settled them: the next start finds the same. The lock goes with whoever held it.
    const std::string saved = folder_ + "/keep";
    std::filesystem::copy_file(path, saved);
    adopted->front().discard();
    std::filesystem::rename(saved, path);
  }
}

TEST_F(OutboxTest, DiscardLeavesNothing) {
  Open(/*segment_bytes=*/200);
  for (const char* name : {"a", "b", "c"}) ASSERT_THAT(Intend(name, 100), IsOk());
  Kill();
  EXPECT_GT(Segments().size(), 1U);
  Adopted adopted = Adopt();
  EXPECT_THAT(adopted.settlements, SizeIs(3));
  adopted.discard();
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(OutboxTest, WhatIsBeingAdoptedIsNotAdoptedTwice) {
  Open();
  ASSERT_THAT(Intend("a"), IsOk());
  Kill();
  Adopted first = Adopt();
  auto second = AdoptOutboxes(folder_);
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(*second, IsEmpty());
  first.discard();
}

TEST_F(OutboxTest, SeveralInstancesAreAdopted) {
  for (const char* instance : {"one", "two.with.dots"}) {
    auto opened = Outbox::Open({.directory = folder_, .instance = instance});
    ASSERT_THAT(opened, IsOk());
    ASSERT_THAT((*opened)->Intend(IntentOf(instance)), IsOk());
  }
  auto adopted = AdoptOutboxes(folder_);
  ASSERT_THAT(adopted, IsOk());
  ASSERT_THAT(*adopted, SizeIs(2));
  EXPECT_EQ((*adopted)[0].settlements[0].key().request_id(), "one");
  EXPECT_EQ((*adopted)[1].settlements[0].key().request_id(), "two.with.dots");
  for (auto& each : *adopted) each.discard();
}

TEST_F(OutboxTest, AnEmptyDirectoryHasNothingToAdopt) {
  auto adopted = AdoptOutboxes(folder_);
  ASSERT_THAT(adopted, IsOk());
  EXPECT_THAT(*adopted, IsEmpty());
}

TEST_F(OutboxTest, TheFileIsHandedOutForSyncingOnceAWrite) {
  Open();
  EXPECT_THAT(Dirty(), IsEmpty());
  ASSERT_THAT(Intend("a"), IsOk());
  EXPECT_THAT(Dirty(), SizeIs(1));
  EXPECT_THAT(Dirty(), IsEmpty());
}

TEST_F(OutboxTest, AFileThatIsFullIsStillHandedOutForSyncing) {
  Open(/*segment_bytes=*/1'000);
  for (int i = 0; i < 12; ++i) ASSERT_THAT(Intend(std::to_string(i), 200), IsOk());
  const std::vector<std::string> segments = Segments();
  ASSERT_THAT(segments, SizeIs(3));
  std::vector<std::string> dirty = Dirty();
  std::ranges::sort(dirty);
  EXPECT_EQ(dirty, segments);
  EXPECT_THAT(Dirty(), IsEmpty());
}

// A disk that syncs nothing does not eat up the file descriptors.
TEST_F(OutboxTest, FilesThatWaitForSyncingAreBounded) {
  Open(/*segment_bytes=*/100);
  for (int i = 0; i < 100; ++i) ASSERT_THAT(Intend(std::to_string(i), 200), IsOk());
  EXPECT_LE(Dirty().size(), 17U);
}

TEST_F(OutboxTest, AFileThatIsFinishedHasItsRecordsAlone) {
  Open();
  ASSERT_THAT(Intend("a"), IsOk());
  const uint64_t bytes = outbox_->bytes();
  outbox_.reset();
  ASSERT_THAT(Segments(), SizeIs(1));
  EXPECT_EQ(std::filesystem::file_size(Segments()[0]), bytes);
}

}  // namespace
}  // namespace weir::edge
