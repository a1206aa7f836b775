#include "edge/dialects/texts/json_lexer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::edge::texts {
namespace {

using Kind = JsonLexer::Kind;

// The tokens of `json` fed in pieces of `step` bytes, strings put together: "{k:a s:b 1 }".
std::string Tokens(std::string_view json, size_t step, bool lets_controls_pass = false) {
  JsonLexer lexer(lets_controls_pass);
  std::string out, held;
  for (size_t at = 0; at < json.size(); at += step) {
    held.append(json.substr(at, step));
    lexer.Feed(held);
    for (;;) {
      const auto token = lexer.Next();
      const std::string_view text =
          std::string_view(held).substr(token.begin, token.end - token.begin);
      if (token.kind == Kind::kMore) {
        held.erase(0, token.begin);
        EXPECT_LE(held.size(), JsonLexer::kMostHeld);
        break;
      }
      if (token.kind == Kind::kFault) return out + "!";
      if (token.kind == Kind::kBeginObject) out += "{";
      if (token.kind == Kind::kBeginArray) out += "[";
      if (token.kind == Kind::kEnd) out += ")";
      if (token.kind == Kind::kScalar) out += "#";
      if (token.kind != Kind::kKey && token.kind != Kind::kString) continue;
      if (token.is_first) out += token.kind == Kind::kKey ? "k<" : "s<";
      out += text;
      if (token.is_last) out += ">";
    }
  }
  return out + (lexer.is_whole() ? "." : "...");
}

struct LexCase {
  std::string_view name, json, tokens;
};
class JsonLexerTest : public ::testing::TestWithParam<LexCase> {};

TEST_P(JsonLexerTest, ReadsInPiecesAsWhole) {
  const LexCase& c = GetParam();
  for (size_t step = 1; step <= c.json.size() + 1; ++step) {
    EXPECT_EQ(Tokens(c.json, step), c.tokens) << step;
  }
}
INSTANTIATE_TEST_SUITE_P(
    Json, JsonLexerTest,
    ::testing::ValuesIn<LexCase>({
        {"Object", R"({"a":"b","c":[1,true,null,-0.5e+3],"d":{}})", "{k<a>s<b>k<c>[####)k<d>{))."},
        {"Blanks", " {\t\"a\" :\r\n[ ] } \n", "{k<a>[))."},
        {"StringAlone", R"("x")", "s<x>."},
        {"EmptyString", R"([""])", "[s<>)."},
        {"NumberAlone", "12", "..."},
        {"NumberAndMore", "12 ", "#."},
        {"HalfANumber", "12.", "..."},
        {"LiteralAlone", "null\n", "#."},
        {"HalfALiteral", "tru", "..."},
        {"Escapes", R"(["\"\\\/\b\f\n\r\t"])", R"([s<\"\\\/\b\f\n\r\t>).)"},
        {"SurrogatePair", R"(["a\ud83d\ude00b"])", R"([s<a\ud83d\ude00b>).)"},
        {"HalfAPair", R"(["\ud83dx","\ud83d\n","\ud83d"])", R"([s<\ud83dx>s<\ud83d\n>s<\ud83d>).)"},
        {"WrongEscape", R"(["a\x"])", "[s<a!"},
        {"WrongHex", R"(["a\u00g0"])", "[s<a!"},
        {"WrongSecondHalf", R"(["\ud83d\uzz"])", R"([s<\ud83d!)"},
        {"ControlCharacter", "[\"a\nb\"]", "[s<a!"},
        {"TrailingComma", R"(["a",])", "[s<a>!"},
        {"TrailingCommaInObject", R"({"a":1,})", "{k<a>#!"},
        {"NoColon", R"({"a" 1})", "{k<a>!"},
        {"NoKey", "{1:2}", "{!"},
        {"WrongEnd", "[1}", "[#!"},
        {"LeadingZero", "[01]", "[!"},
        {"PlusSign", "[+1]", "[!"},
        {"NoFraction", "[1.]", "[!"},
        {"WrongLiteral", "[nul]", "[!"},
        {"LongLiteral", "[nulll]", "[!"},
        {"TwoValues", "{} {}", "{)!"},
        {"NoJson", "hello ", "!"},
        {"NumberThatIsNone", "[541-41-5920]", "[!"},
        {"Unfinished", R"({"a":"b)", "{k<a>s<b..."},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(JsonLexerTest, NestsUpToItsBound) {
  const std::string open(64, '[');
  EXPECT_EQ(Tokens(open + std::string(64, ']'), 7), open + std::string(64, ')') + ".");
  EXPECT_EQ(Tokens(open + "[", 7), open + "!");
}

TEST(JsonLexerTest, LetsControlCharactersPassWhereTold) {
  EXPECT_EQ(Tokens("[\"a\nb\"]", 1, true), "[s<a\nb>).");
}

}  // namespace
}  // namespace weir::edge::texts
