#include "edge/dialects/texts/argument_pieces.h"

#include <gtest/gtest.h>

namespace weir::edge::texts {
namespace {

// Structure as it stands, texts as "<path|text>", however they were cut.
std::string Listed(std::string_view json, const std::vector<size_t>& cuts) {
  ArgumentPieces arguments;
  std::vector<ArgumentPieces::Piece> pieces;
  size_t at = 0;
  for (const size_t cut : cuts) {
    arguments.Feed(json.substr(at, cut - at), false, pieces);
    at = cut;
  }
  arguments.Feed(json.substr(at), true, pieces);
  std::string listed;
  bool open = false;
  for (const auto& each : pieces) {
    if (each.is_text && !open) listed += "<" + each.path + (each.is_escaped ? "|" : "~");
    listed += each.text;
    open = each.is_text && !each.is_last;
    if (each.is_text && each.is_last) listed += ">";
  }
  return listed + (open ? "..." : "");
}

struct PiecesCase {
  std::string_view name, json, pieces;
};
class ArgumentPiecesTest : public ::testing::TestWithParam<PiecesCase> {};

TEST_P(ArgumentPiecesTest, AreTheSameHoweverCut) {
  const auto& [name, json, pieces] = GetParam();
  EXPECT_EQ(Listed(json, {}), pieces);
  for (size_t i = 0; i <= json.size(); ++i) {
    for (size_t j = i; j <= json.size(); ++j)
      ASSERT_EQ(Listed(json, {i, j}), pieces) << i << " " << j;
  }
}
INSTANTIATE_TEST_SUITE_P(
    Arguments, ArgumentPiecesTest,
    ::testing::ValuesIn<PiecesCase>({
        {"Nothing", "", ""},
        {"Empty", "{}", "{}"},
        {"Strings", R"({"a":"b", "c":["d",{"e f":"g"}]})",
         R"({"a":"<.a|b>", "c":["<.c[0]|d>",{"e f":"<.c[1]['e f']|g>"}]})"},
        {"Escapes", R"({"\u0061":"b\u0040c\ud83d\ude00\n\\"})", "{\"\\u0061\":\"<.a|b@c😀\n\\>\"}"},
        {"Numbers", R"({"a":-1.5e3,"b":true})", R"({"a":-1.5e3,"b":true})"},
        {"EmptyString", R"({"a":""})", R"({"a":"<.a|>"})"},
        {"Text", "mail a@b.c", "<~mail a@b.c>"},
        {"NumberAlone", "541415920", "<~541415920>"},
        {"NumberThatIsNone", R"({"a":541-41-5920})", R"({"a":<~541-41-5920}>)"},
        {"MoreBehind", R"({"a":"b"} and c)", R"({"a":"<.a|b>"} <~and c>)"},
        {"BrokenInAString", R"({"a":"b\x","c":"d"})", R"({"a":"<.a|b><~\x","c":"d"}>)"},
        {"CutInAString", R"({"a":"b)", R"({"a":"<.a|b>)"},
        {"CutInAnEscape", R"({"a":"b\u00)", R"({"a":"<.a|b><~\u00>)"},
        {"CutInAPair", R"({"a":"b\ud83d)", R"({"a":"<.a|b><~\ud83d>)"},
        {"ControlCharacters", "{\"a\":\"b\nc\"}", "{\"a\":\"<.a|b\nc>\"}"},
        {"StringAlone", R"("a@b.c")", R"("<|a@b.c>")"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::edge::texts
