#include "edge/dialects/openai/json_cursor.h"

#include <gmock/gmock.h>

namespace weir::edge::openai {
namespace {

struct ValueCase {
  std::string_view name, text;
  size_t end;
};
class SkipValueTest : public ::testing::TestWithParam<ValueCase> {};

TEST_P(SkipValueTest, EndsBehindIt) { EXPECT_EQ(SkipValue(GetParam().text, 0), GetParam().end); }
INSTANTIATE_TEST_SUITE_P(Values, SkipValueTest,
                         ::testing::ValuesIn<ValueCase>({
                             {"Number", "12,", 2},
                             {"NumberAtTheEnd", "12", 2},
                             {"Word", "null}", 4},
                             {"String", R"("ab",)", 4},
                             {"StringWithQuotes", R"("a\"b",)", 6},
                             {"StringThatEndsInABackslash", R"("a\\",1)", 5},
                             {"StringWithoutAnEnd", R"("ab)", 3},
                             {"StringWithAnEscapedEnd", R"("ab\")", 5},
                             {"Object", R"({"a":{"b":[1]}},)", 15},
                             {"BracketsInStrings", R"(["]","}"],)", 9},
                             {"ObjectWithoutAnEnd", R"({"a":[1)", 7},
                             {"Nothing", "", 0},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(JsonCursorTest, SkipsBlanksAlone) {
  EXPECT_EQ(SkipBlanks(" \t\r\nx", 0), 4U);
  EXPECT_EQ(SkipBlanks("x ", 0), 0U);
  EXPECT_EQ(SkipBlanks("x ", 1), 2U);
  EXPECT_EQ(SkipBlanks("x", 7), 7U);
}

}  // namespace
}  // namespace weir::edge::openai
