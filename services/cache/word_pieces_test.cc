#include "services/cache/word_pieces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <string_view>
#include <vector>

#include "services/cache/tokenizer_for_test.h"

namespace weir::cache {
namespace {

using ::testing::Each;
using ::testing::Lt;

std::vector<uint32_t> IdsOf(const WordPieces& pieces, std::string_view text) {
  TokenIds ids;
  pieces.Tokenize(text, ids);
  return {ids.all().begin(), ids.all().end()};
}

const WordPieces& Sample() {
  static const WordPieces kPieces(TokenizerOf(
      {"un", "##aff", "##able", "##a", "a", "##ab", "ab", "#", "abc", "\u4f60", ".", "##\u00e6"}));
  return kPieces;
}

struct PiecesCase {
  std::string_view name, text;
  std::vector<uint32_t> want;
};
class WordPiecesTest : public ::testing::TestWithParam<PiecesCase> {};

TEST_P(WordPiecesTest, Tokenizes) { EXPECT_EQ(IdsOf(Sample(), GetParam().text), GetParam().want); }
INSTANTIATE_TEST_SUITE_P(Texts, WordPiecesTest,
                         ::testing::ValuesIn<PiecesCase>({
                             {"Empty", "", {}},
                             {"WholeWord", "abc", {9}},
                             {"LongestFirst", "unaffable", {1, 2, 3}},
                             {"GreedyAndNotClever", "unabaff", {1, 6, 2}},
                             {"RestUncovered", "abx", {}},
                             {"BeginningUncovered", "xab", {}},
                             {"UnknownBetween", "ab xyz abc", {7, 9}},
                             {"PunctuationApart", "ab.abc", {7, 11, 9}},
                             {"UpperCase", "ABC", {9}},
                             {"Chinese", "ab\u4f60", {7, 10}},
                             {"NotAscii", "a\u00e6", {5, 12}},
                             {"TheUnknownTokenIsText", "[UNK]", {}},
                             {"ThePrefixIsText", "##a", {8, 8, 5}},
                             {"AsLongAsAllowed", "unaaaaaaaa", {1, 4, 4, 4, 4, 4, 4, 4, 4}},
                             {"TooLong", "unaaaaaaaaa", {}},
                             {"LongInBytesOnly",
                              "a\u00e6\u00e6\u00e6\u00e6\u00e6\u00e6\u00e6",
                              {5, 12, 12, 12, 12, 12, 12, 12}},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(WordPiecesTest, TheUnknownPieceIsDroppedInAWordToo) {
  TokenizerFile file = TokenizerOf({"##b"});
  file.pieces[0] = "unk";
  EXPECT_THAT(IdsOf(WordPieces(file), "unk unkb"), ::testing::ElementsAre(1));
}

TEST(WordPiecesTest, StopsWhenFull) {
  std::string text;
  for (size_t i = 0; i < TokenIds::kMax; ++i) text += "xyz a ";
  EXPECT_EQ(IdsOf(Sample(), text + "abc").size(), TokenIds::kMax);
  EXPECT_THAT(IdsOf(Sample(), text + "abc"), Each(5U));
}

TEST(WordPiecesTest, WhatIsKnownAtTheEndMayBeCut) {
  std::string text;
  for (size_t i = 1; i < TokenIds::kMax; ++i) text += "a ";
  EXPECT_EQ(IdsOf(Sample(), text + "unaff").back(), 1U);
  // Not known as a whole, so it takes no place, though its beginning would fit.
  EXPECT_EQ(IdsOf(Sample(), text + "unaffx abc").back(), 9U);
}

TEST(WordPiecesTest, AnyBytesAreIdsOfTheVocabulary) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    for (const uint32_t id : IdsOf(Sample(), text)) RC_ASSERT(id < Sample().vocabulary_size());
  }));
}

}  // namespace
}  // namespace weir::cache
