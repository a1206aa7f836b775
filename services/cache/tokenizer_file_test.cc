#include "services/cache/tokenizer_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <string_view>

#include "common/testing/status_matchers.h"
#include "services/cache/tokenizer_for_test.h"

namespace weir::cache {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

TEST(ParseTokenizerFileTest, ReadsAll) {
  const absl::StatusOr<TokenizerFile> file = ParseTokenizerFile(kTokenizerJson);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->pieces, ElementsAre("[UNK]", "a", "##b"));
  EXPECT_EQ(file->unknown, 0U);
  EXPECT_EQ(file->continuing_prefix, "##");
  EXPECT_EQ(file->max_word_chars, 10U);
  EXPECT_TRUE(file->normalizer.clean_text);
  EXPECT_TRUE(file->normalizer.handle_chinese_chars);
  EXPECT_TRUE(file->normalizer.lowercase);
  EXPECT_TRUE(file->normalizer.strip_accents);
}

TEST(ParseTokenizerFileTest, AccentsFollowTheCaseUnlessTheFileSays) {
  const auto cased =
      ParseTokenizerFile(TokenizerJsonWith(R"("lowercase":true)", R"("lowercase":false)"));
  ASSERT_THAT(cased, IsOk());
  EXPECT_FALSE(cased->normalizer.strip_accents);
  const auto kept =
      ParseTokenizerFile(TokenizerJsonWith(R"("strip_accents":null)", R"("strip_accents":false)"));
  ASSERT_THAT(kept, IsOk());
  EXPECT_FALSE(kept->normalizer.strip_accents);
  EXPECT_TRUE(kept->normalizer.lowercase);
}

struct BadFileCase {
  std::string_view name, from, to, problem;
};
class BadTokenizerFileTest : public ::testing::TestWithParam<BadFileCase> {};

TEST_P(BadTokenizerFileTest, NamesTheField) {
  EXPECT_THAT(
      ParseTokenizerFile(TokenizerJsonWith(GetParam().from, GetParam().to)),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(GetParam().problem))));
}
INSTANTIATE_TEST_SUITE_P(
    Files, BadTokenizerFileTest,
    ::testing::ValuesIn<BadFileCase>({
        {"Cut", "}}}", "}}", "is not JSON"},
        {"Array", kTokenizerJson, "[1]", "is an array, want an object"},
        {"Empty", kTokenizerJson, "", "is not JSON"},
        {"Version", R"("1.0")", R"("2.0")", "version is '2.0', want '1.0'"},
        {"Padding", R"("padding":null)", R"("padding":{"length":128})",
         "padding is an object, want null"},
        {"Truncation", R"("truncation":null)", R"("truncation":{})",
         "truncation is an object, want null"},
        {"Template", R"("post_processor":null)", R"("post_processor":"x")",
         "post_processor is 'x', want null"},
        {"NoNormalizer", R"("normalizer")", R"("other")", "normalizer is missing, want an object"},
        {"Normalizer", "BertNormalizer", "NFC", "normalizer.type is 'NFC', want 'BertNormalizer'"},
        {"CleanText", R"("clean_text":true)", R"("clean_text":1)",
         "normalizer.clean_text is 1, want true or false"},
        {"Accents", R"("strip_accents":null)", R"("strip_accents":"no")",
         "normalizer.strip_accents is 'no', want true or false"},
        {"PreTokenizer", "BertPreTokenizer", "ByteLevel",
         "pre_tokenizer.type is 'ByteLevel', want 'BertPreTokenizer'"},
        {"Model", "WordPiece", "BPE", "model.type is 'BPE', want 'WordPiece'"},
        {"ModelOfUnigram", R"("vocab":{"[UNK]":0,"a":1,"##b":2})", R"("vocab":[["a",0.5]])",
         "model.vocab is an array, want an object"},
        {"NoPieces", R"({"[UNK]":0,"a":1,"##b":2})", "{}", "model.vocab has 0 pieces"},
        {"EmptyPiece", R"("a":1)", R"("":1)", "model.vocab has an empty piece"},
        {"IdTooLarge", R"("a":1)", R"("a":3)", "model.vocab['a'] is 3, want an id from 0 to 2"},
        {"IdNegative", R"("a":1)", R"("a":-1)", "model.vocab['a'] is -1"},
        {"IdFraction", R"("a":1)", R"("a":1.5)", "model.vocab['a'] is 1.5"},
        {"IdTwice", R"("a":1)", R"("a":2)", "gives 'a' and '##b' the id 2"},
        {"PieceTwice", R"("##b":2)", R"("a":2)", "has 'a' twice"},
        {"Unknown", R"("unk_token":"[UNK]")", R"("unk_token":"<unk>")",
         "model.unk_token is '<unk>', want a piece of model.vocab"},
        {"UnknownIsNull", R"("unk_token":"[UNK]")", R"("unk_token":null)",
         "model.unk_token is null, want a string"},
        {"Prefix", R"("##",)", R"("",)", "model.continuing_subword_prefix is ''"},
        {"WordLength", R"(word":10)", R"(word":0)",
         "model.max_input_chars_per_word is 0, want 1 to 1000"},
        {"WordLengthTooLarge", R"(word":10)", R"(word":1001)", "is 1001, want 1 to 1000"},
        {"WordLengthNegative", R"(word":10)", R"(word":-10)", "is -10, want a whole number"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ParseTokenizerFileTest, AnyBytesAreAFileOrAFault) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) { (void)ParseTokenizerFile(bytes); }));
  // And the sample with something else in the place of some of it.
  EXPECT_TRUE(rc::check([](const std::string& bytes) {
    std::string json(kTokenizerJson);
    const size_t at = *rc::gen::inRange<size_t>(0, json.size());
    json.replace(at, bytes.size(), bytes);
    (void)ParseTokenizerFile(json);
  }));
}

}  // namespace
}  // namespace weir::cache
