#include "edge/dialects/openai/member_spans.h"

#include <gmock/gmock.h>

#include <string>

namespace weir::edge::openai {
namespace {

using ::testing::ElementsAreArray;

struct SpansCase {
  std::string_view name, object;
  std::vector<std::string> values;
};
class MemberSpansTest : public ::testing::TestWithParam<SpansCase> {};

TEST_P(MemberSpansTest, FindsTheValues) {
  std::vector<std::string> values;
  for (const Span& each : MemberSpans(GetParam().object)) {
    values.emplace_back(GetParam().object.substr(each.offset, each.length));
  }
  EXPECT_THAT(values, ElementsAreArray(GetParam().values));
}
INSTANTIATE_TEST_SUITE_P(
    Objects, MemberSpansTest,
    ::testing::ValuesIn<SpansCase>({
        {"Empty", "{}", {}},
        {"EmptyWithBlanks", "{ \r\n\t}", {}},
        {"One", R"({"a":1})", {"1"}},
        {"BlanksEverywhere", "{ \"a\" : 1 ,\n\t\"b\" :\r\n\"x\" }", {"1", "\"x\""}},
        {"EveryKind",
         R"({"a":1,"b":-1.5e+3,"c":true,"d":null,"e":"s","f":[1],"g":{"h":2}})",
         {"1", "-1.5e+3", "true", "null", "\"s\"", "[1]", R"({"h":2})"}},
        {"BracketsInStrings",
         R"({"a":"]}","b":["}",{"c":"]"}]})",
         {"\"]}\"", R"(["}",{"c":"]"}])"}},
        {"QuotesInStrings",
         R"({"a":"\"","b\"":"\\","c":"\\\""})",
         {R"("\"")", R"("\\")", R"("\\\"")"}},
        {"KeysWithBrackets", R"({"{\"a\":":1,"b,":2})", {"1", "2"}},
        {"NestedDeep", R"({"a":[[[{"b":[{}]}]]],"c":0})", {R"([[[{"b":[{}]}]]])", "0"}},
        {"NumberBeforeTheEnd", "{\"a\":1\n}", {"1"}},
        {"TextBehind", R"({"a":1} {"b":2})", {"1"}},
        {"EmptyKey", R"({"":""})", {"\"\""}},
    }),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::edge::openai
