#include "common/process/startup_pages.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace weir::process {
namespace {

// Kilobytes of files that are mapped and resident.
int64_t FilePages() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssFile:")) return std::stoll(line.substr(8));
  }
  return -1;
}

TEST(StartupPagesTest, CodeThatIsNotRunLeavesAndTheRestRunsOn) {
  std::ostringstream text;  // Some of the library's code that is needed again afterwards.
  text << 12.5;
  const int64_t before = FilePages();
  ASSERT_GT(before, 0);
  EXPECT_GT(DropStartupPages(), 100U * 1024);
  EXPECT_LT(FilePages(), before);
  text << ' ' << 42;
  EXPECT_EQ(text.str(), "12.5 42");
}

TEST(StartupPagesTest, ManyTimesIsAsGoodAsOnce) {
  for (int i = 0; i < 100; ++i) EXPECT_GT(DropStartupPages(), 0U);
}

}  // namespace
}  // namespace weir::process
