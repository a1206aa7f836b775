#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "common/crypto/sealer.h"
#include "common/crypto/secret_file.h"
#include "common/testing/seeded_random.h"
#include "common/testing/status_matchers.h"

namespace weir::crypto {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::SeededRandom;
using testing::StatusIs;

class SecretDirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string File(std::string_view name) { return (folder_ / name).string(); }
  void Put(std::string_view name, const std::string& text, mode_t mode) {
    std::filesystem::create_directories(folder_);
    std::ofstream(File(name)) << text;
    ::chmod(File(name).c_str(), mode);
  }
  static unsigned ModeOf(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / fmt::format("weir_secrets_{}", ::getpid());
  SeededRandom random_{7};
};

TEST_F(SecretDirectoryTest, MakesASecretOnceAndKeepsIt) {
  auto first = SecretFromDirectory(folder_.string(), "pepper", 32, true, random_);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->size(), 32u);
  EXPECT_EQ(*SecretFromDirectory(folder_.string(), "pepper", 32, true, random_), *first);
  EXPECT_EQ(*SecretFromDirectory(folder_.string(), "pepper", 32, false, random_), *first);
  EXPECT_EQ(ModeOf(folder_.string()), 0700u);
  EXPECT_EQ(ModeOf(File("pepper")), 0600u);
}

TEST_F(SecretDirectoryTest, WithoutCreateAMissingSecretIsNotFound) {
  EXPECT_THAT(SecretFromDirectory(folder_.string(), "pepper", 32, false, random_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("pepper")));
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

struct FileCase {
  std::string name, text;
  mode_t mode;
  std::string want;
};
class SecretFileRefusedTest : public SecretDirectoryTest,
                              public ::testing::WithParamInterface<FileCase> {};
TEST_P(SecretFileRefusedTest, SaysWhy) {
  Put("pepper", GetParam().text, GetParam().mode);
  const auto read = SecretFromDirectory(folder_.string(), "pepper", 4, true, random_);
  EXPECT_THAT(read, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(GetParam().want)));
  EXPECT_THAT(std::string(status::Message(read.status())), Not(HasSubstr("5ec4e7")));
}
INSTANTIATE_TEST_SUITE_P(
    Cases, SecretFileRefusedTest,
    ::testing::ValuesIn<FileCase>({
        {.name = "ReadableByAll", .text = "5ec4e700", .mode = 0644, .want = "mode 0644, want 0600"},
        {.name = "ReadableByGroup", .text = "5ec4e700", .mode = 0640, .want = "mode 0640"},
        {.name = "TooShort", .text = "5ec4e7", .mode = 0600, .want = "6 characters, want 8"},
        {.name = "TooLong", .text = "5ec4e70000", .mode = 0600, .want = "10 characters"},
        {.name = "NoHex", .text = "5ec4e7zz", .mode = 0600, .want = "hex digits"},
        {.name = "Empty", .text = "", .mode = 0600, .want = "0 characters"},
        {.name = "Huge", .text = std::string(5000, 'a'), .mode = 0600, .want = "too long"},
    }),
    [](const auto& each) { return each.param.name; });

TEST_F(SecretDirectoryTest, ReadsWhatAnOperatorWrote) {
  Put("pepper", "00FF10ab\n", 0400);
  EXPECT_EQ(*SecretFromDirectory(folder_.string(), "pepper", 4, false, random_),
            std::string("\x00\xff\x10\xab", 4));
}

TEST_F(SecretDirectoryTest, TwoThatStartTogetherGetTheSameSecret) {
  std::vector<std::string> got(8);
  std::vector<std::thread> threads;
  for (std::string& each : got) {
    threads.emplace_back(
        [&] { each = *SecretFromDirectory(folder_.string(), "pepper", 32, true, random_); });
  }
  for (std::thread& each : threads) each.join();
  for (const std::string& each : got) EXPECT_EQ(each, got[0]);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(SecretDirectoryTest, TheSealerOfADirectoryOpensAfterARestart) {
  auto sealer = SealerFromDirectory(folder_.string(), true, random_);
  ASSERT_THAT(sealer, IsOk());
  const std::string sealed = (*sealer)->Seal("secret", "c");
  EXPECT_EQ(*(*SealerFromDirectory(folder_.string(), false, random_))->Open(sealed, "c"), "secret");
  EXPECT_EQ(ModeOf(File("master.key")), 0600u);
  ::chmod(File("master.key").c_str(), 0644);
  EXPECT_THAT(SealerFromDirectory(folder_.string(), true, random_),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(SecretDirectoryTest, AnExistingFileIsNeverReplaced) {
  Put("token", "first\n", 0600);
  EXPECT_THAT(WriteNewSecretFile(File("token"), "second"),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(*ReadSecretFile(File("token")), "first");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(SecretDirectoryTest, AFileIsReplacedInOneStep) {
  std::filesystem::create_directories(folder_);
  const std::string first("one\0two\n\n", 9);
  EXPECT_THAT(ReplaceSecretFile(File("table"), first), IsOk());
  EXPECT_EQ(*ReadSecretBytes(File("table"), 9), first) << "byte for byte";
  EXPECT_THAT(ReadSecretBytes(File("table"), 8),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("at most 8 bytes")));
  Put("table.new", "of a writer that died", 0644);
  EXPECT_THAT(ReplaceSecretFile(File("table"), "second"), IsOk());
  EXPECT_EQ(*ReadSecretBytes(File("table"), 100), "second");
  EXPECT_EQ(ModeOf(File("table")), 0600u);
  EXPECT_FALSE(std::filesystem::exists(File("table.new")));
}

TEST_F(SecretDirectoryTest, ManyWhoReplaceAFileLeaveAWholeOne) {
  std::filesystem::create_directories(folder_);
  std::vector<std::thread> writers;
  std::atomic<int> done = 0;
  for (char each = 'a'; each < 'e'; ++each) {
    writers.emplace_back([&, bytes = std::string(50'000, each)] {
      for (int i = 0; i < 50; ++i) {
        const absl::Status replaced = ReplaceSecretFile(File("table"), bytes);
        if (replaced.ok()) ++done;
        EXPECT_TRUE(replaced.ok() || absl::IsAborted(replaced)) << replaced;
        const auto read = ReadSecretBytes(File("table"), 1 << 20);
        if (!read.ok()) continue;  // Nobody was first yet.
        EXPECT_EQ(*read, std::string(50'000, read->front()));
      }
    });
  }
  for (std::thread& each : writers) each.join();
  EXPECT_GT(done, 0);
}

TEST_F(SecretDirectoryTest, AFileThatCannotBeReplacedStays) {
  std::filesystem::create_directories(folder_);
  ASSERT_THAT(ReplaceSecretFile(File("table"), "first"), IsOk());
  std::filesystem::create_directories(File("table.new/full"));
  EXPECT_THAT(ReplaceSecretFile(File("table"), "second"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(*ReadSecretBytes(File("table"), 100), "first");
}

TEST_F(SecretDirectoryTest, AFolderThatIsNotThereIsUnavailable) {
  EXPECT_THAT(WriteNewSecretFile(File("token"), "x"), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace weir::crypto
