#include "common/api/kept_table.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/routing/table_fixtures.h"
#include "common/testing/seeded_random.h"
#include "common/testing/status_matchers.h"

namespace weir::api {
namespace {

using routing::kCanary;
using routing::TableBuilder;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::weir::testing::IsOk;
using ::weir::testing::SeededRandom;
using ::weir::testing::StatusIs;

class KeptTableTest : public ::testing::Test {
 protected:
  KeptTableTest() { std::filesystem::create_directories(folder_); }
  ~KeptTableTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<crypto::Sealer> SealerOf(char key) {
    return *crypto::Sealer::Create({{"test", std::string(32, key)}}, "test", random_);
  }
  // Keeps `table`, and waits until that is done.
  void Keep(KeptTable::Table table) {
    WorkerPool workers("kept", 1, 10);
    KeptTable(path_, *sealer_, workers).Keep(std::move(table));
    workers.Stop();
  }
  absl::StatusOr<KeptTable::Table> Read(const crypto::Sealer& sealer) {
    return KeptTable(path_, sealer, idle_).Read();
  }
  std::string Bytes() {
    std::ostringstream bytes;
    bytes << std::ifstream(path_).rdbuf();
    return bytes.str();
  }
  void Overwrite(const std::string& bytes) { std::ofstream(path_) << bytes; }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / fmt::format("weir_kept_{}", ::getpid());
  const std::string path_ = (folder_ / "routing.table").string();
  WorkerPool idle_{"idle", 1, 1};
  SeededRandom random_{3};
  const std::unique_ptr<crypto::Sealer> sealer_ = SealerOf('k');
  const KeptTable::Table table_ =
      TableBuilder().AddProvider("openai", kCanary).AddModel("fast", {"openai"}).table();
};

TEST_F(KeptTableTest, GivesBackWhatItKept) {
  EXPECT_THAT(Read(*sealer_), StatusIs(absl::StatusCode::kNotFound));
  Keep(table_);
  const auto read = Read(*sealer_);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ((*read)->SerializeAsString(), table_->SerializeAsString());
  const auto next = TableBuilder().AddProvider("azure").table();
  Keep(next);
  EXPECT_EQ((*Read(*sealer_))->SerializeAsString(), next->SerializeAsString());
}

TEST_F(KeptTableTest, ShowsNothingOnTheDisk) {
  Keep(table_);
  EXPECT_THAT(Bytes(), Not(AnyOf(HasSubstr("sk-canary"), HasSubstr("openai"), HasSubstr("fast"))));
  struct stat info = {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1) << "one file";
}

TEST_F(KeptTableTest, OfManyThatWaitTheNewestIsKept) {
  {
    WorkerPool workers("kept", 2, 10);
    KeptTable kept(path_, *sealer_, workers);
    TableBuilder builder;
    for (int i = 0; i < 200; ++i) kept.Keep(builder.AddProxy("p").table());
    workers.Stop();
  }
  EXPECT_EQ((*Read(*sealer_))->version(), 200U);
}

TEST_F(KeptTableTest, AnotherKeyDoesNotOpenIt) {
  Keep(table_);
  EXPECT_THAT(Read(*SealerOf('x')), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(path_)));
}

TEST_F(KeptTableTest, WhatWasSealedForElsewhereIsNoTable) {
  Overwrite(sealer_->Seal(table_->SerializeAsString(), "provider/acme/openai/auth_value"));
  ::chmod(path_.c_str(), 0600);
  EXPECT_THAT(Read(*sealer_), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(KeptTableTest, ADamagedFileIsRefusedWhereverItIsDamaged) {
  Keep(table_);
  const std::string whole = Bytes();
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    Overwrite(damaged);
    ASSERT_THAT(Read(*sealer_), Not(IsOk())) << at;
    Overwrite(whole.substr(0, at));
    ASSERT_THAT(Read(*sealer_), Not(IsOk())) << at;
  }
}

TEST_F(KeptTableTest, AFileThatOthersMayReadIsRefused) {
  Keep(table_);
  ::chmod(path_.c_str(), 0644);
  EXPECT_THAT(Read(*sealer_), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(KeptTableTest, AFullOrMissingDiskIsNoFault) {
  std::filesystem::remove_all(folder_);
  Keep(table_);
  EXPECT_THAT(Read(*sealer_), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace weir::api
