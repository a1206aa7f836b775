#include "services/cache/word_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/text/utf8.h"

namespace weir::cache {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> WordsOf(std::string_view text, NormalizerOptions options = {}) {
  std::vector<std::string> words;
  WordSplitter(options).Split(text, [&words](std::string_view word) {
    words.emplace_back(word);
    return true;
  });
  return words;
}

struct SplitCase {
  std::string_view name, text;
  std::vector<std::string> want;
  NormalizerOptions options = {};
};
class WordSplitterTest : public ::testing::TestWithParam<SplitCase> {};

TEST_P(WordSplitterTest, Splits) {
  EXPECT_EQ(WordsOf(GetParam().text, GetParam().options), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Texts, WordSplitterTest,
    ::testing::ValuesIn<SplitCase>({
        {.name = "Empty", .text = "", .want = {}},
        {.name = "OnlySpace", .text = " \t\r\n", .want = {}},
        {.name = "Words", .text = "Hello  World\n", .want = {"hello", "world"}},
        {.name = "Punctuation", .text = "a.b, $c^", .want = {"a", ".", "b", ",", "$", "c", "^"}},
        {.name = "ControlIsDropped",
         .text = "a\x01"
                 "b\x7f c\vd",
         .want = {"ab", "cd"}},
        {.name = "NullIsDropped", .text = std::string_view("a\0b", 3), .want = {"ab"}},
        {.name = "Accents", .text = "R\u00c9SUM\u00c9 na\u00efve", .want = {"resume", "naive"}},
        {.name = "AccentsApart", .text = "e\u0301", .want = {"e"}},
        {.name = "OnlyAnAccent", .text = "a \u0301 b", .want = {"a", "b"}},
        {.name = "ChineseAlone", .text = "\u4f60\u597dx", .want = {"\u4f60", "\u597d", "x"}},
        {.name = "KanaTogether", .text = "\u3042\u3044", .want = {"\u3042\u3044"}},
        {.name = "UnicodeSpace", .text = "a\u00a0b\u3000c\u2028d", .want = {"a", "b", "c", "d"}},
        {.name = "UnicodePunctuation",
         .text = "\u00ab a\u2014b\u3002",
         .want = {"\u00ab", "a", "\u2014", "b", "\u3002"}},
        {.name = "ZeroWidthIsDropped", .text = "a\u200bb\ufeff", .want = {"ab"}},
        {.name = "ReplacementIsDropped",
         .text = "a\ufffd"
                 "b",
         .want = {"ab"}},
        {.name = "InvalidUtf8IsDropped", .text = "a\xff\xc3 b\xe4\xbd", .want = {"a", "b"}},
        {.name = "SurrogateIsDropped", .text = "a\xed\xa0\x80z", .want = {"az"}},
        {.name = "Emoji", .text = "hi\U0001f600", .want = {"hi\U0001f600"}},
        {.name = "SharpS", .text = "Stra\u00dfe", .want = {"stra\u00dfe"}},
        {.name = "DottedI", .text = "\u0130", .want = {"i"}},
        {.name = "Cased", .text = "\u00c9A", .want = {"EA"}, .options = {.lowercase = false}},
        {.name = "Accented",
         .text = "\u00c9A",
         .want = {"\u00e9a"},
         .options = {.strip_accents = false}},
        {.name = "ChineseTogether",
         .text = "\u4f60\u597d",
         .want = {"\u4f60\u597d"},
         .options = {.handle_chinese_chars = false}},
        {.name = "NotCleaned",
         .text = "a\x01"
                 "b c\vd\xff",
         .want = {"a\x01"
                  "b",
                  "c", "d\ufffd"},
         .options = {.clean_text = false}},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(WordSplitterTest, StopsWhenTheSinkHasEnough) {
  for (const std::string_view text : {"a b c d", "a,b,c", "\u00e9 b c", "\u4f60\u597da b"}) {
    int calls = 0;
    WordSplitter({}).Split(text, [&calls](std::string_view) { return ++calls < 2; });
    EXPECT_EQ(calls, 2) << text;
  }
}

// The short way and the long way: a part with anything beyond ASCII goes the long one.
TEST(WordSplitterTest, BothWaysAgreeOnAscii) {
  EXPECT_TRUE(rc::check([] {
    const std::string text = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
    std::string longer;
    for (const char c : text) longer += std::string("\u200b") + c;
    RC_ASSERT(WordsOf(text) == WordsOf(longer));
  }));
}

TEST(WordSplitterTest, AnyBytesAreWordsOfUtf8) {
  EXPECT_TRUE(rc::check([](const std::string& text, uint8_t options) {
    const NormalizerOptions all = {.clean_text = (options & 1) != 0,
                                   .handle_chinese_chars = (options & 2) != 0,
                                   .strip_accents = (options & 4) != 0,
                                   .lowercase = (options & 8) != 0};
    for (const std::string& word : WordsOf(text, all)) {
      RC_ASSERT(!word.empty());
      RC_ASSERT(text::IsValidUtf8(word));
    }
  }));
}

}  // namespace
}  // namespace weir::cache
