#include "apps/weirctl/table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace weir::weirctl {
namespace {

std::string Printed(const Table& table) {
  std::ostringstream out;
  table.Print(out);
  return out.str();
}

TEST(TableTest, AlignsTextToTheLeftAndNumbersToTheRight) {
  Table table({"NAME", ">COUNT", "STATE"});
  EXPECT_TRUE(table.empty());
  table.Add({"a", "7", ""});
  table.Add({"büro", "1234567", "on"});
  EXPECT_FALSE(table.empty());
  EXPECT_EQ(Printed(table),
            "NAME    COUNT  STATE\n"
            "a           7  -\n"
            "büro  1234567  on\n");
}

TEST(TableTest, NamesCannotWriteToTheTerminal) {
  Table table({"NAME"});
  table.Add({"a\x1b[2Jb\nc"});
  EXPECT_EQ(Printed(table), "NAME\na\\x1b[2Jb\\nc\n");
}

}  // namespace
}  // namespace weir::weirctl
