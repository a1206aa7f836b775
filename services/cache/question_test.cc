#include "services/cache/question.h"

#include <gmock/gmock.h>

#include "common/testing/status_matchers.h"
#include "services/cache/code_names.h"
#include "services/cache/stem.h"

namespace weir::cache {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

StemWeights Weights() { return *StemWeights::Parse(R"({"": 9, "card": 2, "port": 3})"); }

struct StemCase {
  std::string_view word, want;
};
class StemTest : public ::testing::TestWithParam<StemCase> {};

TEST_P(StemTest, DropsTheEnding) { EXPECT_EQ(Stem(GetParam().word), GetParam().want); }

INSTANTIATE_TEST_SUITE_P(Words, StemTest,
                         ::testing::ValuesIn<StemCase>({
                             {"queries", "query"},
                             {"classes", "class"},
                             {"planned", "plan"},
                             {"called", "call"},
                             {"use", "use"},
                             {"uses", "use"},
                             {"settings", "setting"},
                             {"quickly", "quick"},
                             {"access", "access"},
                             {"don't", "don't"},
                             {"2008", "2008"},
                         }),
                         [](const auto& info) {
                           std::string name(info.param.word);
                           std::erase(name, '\'');
                           return name;
                         });

TEST(FeatureWordsTest, AreLowerCaseWordsAndNumbers) {
  EXPECT_THAT(FeatureWords("Don\u2019t pay $1,299.00, it's 3.5kg; r\u00e9sum\u00e9!"),
              ElementsAre("don't", "pay", "1,299.00", "it's", "3.5", "kg", "r", "sum"));
  EXPECT_THAT(FeatureWords("'' ... \xff"), IsEmpty());
}

TEST(CodeNamesTest, AreCapitalsCodeAndQuotations) {
  EXPECT_THAT(
      CodeNames("Does I/O in GitHub's a.txt need max_cost, 2fa or C? I'm \"So Far\"."),
      ElementsAre("i/o", "github's", "a.txt", "max_cost", "2fa", "c", "so", "far", "so far"));
  EXPECT_THAT(CodeNames("\u201cOpen\u201d and \"never closed"), ElementsAre("open"));
}

TEST(QuestionTest, KeepsWhatTellsTheTopic) {
  const Question question = ReadQuestion("Which cards do not use port twelve, and why?", Weights());
  EXPECT_EQ(question.words, 9u);
  EXPECT_EQ(question.negations, 1);
  EXPECT_EQ(question.question_class, 1);
  EXPECT_EQ(question.numbers.size(), 1u);
  // card, use, port, twelve.
  EXPECT_EQ(question.content.size(), 4u);
  EXPECT_EQ(question.content_weight, 2 + 9 + 3 + 9);
}

TEST(QuestionTest, DigitsAndWordsOfANumberMeet) {
  EXPECT_EQ(ReadQuestion("five and 1,000", Weights()).numbers,
            ReadQuestion("5 and thousand", Weights()).numbers);
}

TEST(QuestionTest, NothingIsReadOfWhatIsTooLong) {
  EXPECT_TRUE(ReadQuestion(std::string(kMaxQuestionBytes + 1, 'a'), Weights()).too_long);
  std::string many;
  for (size_t i = 0; i <= kMaxQuestionWords; ++i) many += "a ";
  EXPECT_TRUE(ReadQuestion(many, Weights()).too_long);
  EXPECT_TRUE(ReadQuestion(many, Weights()).stems.empty());
  EXPECT_FALSE(ReadQuestion(std::string(kMaxQuestionBytes, 'a'), Weights()).too_long);
}

TEST(QuestionTest, AnyBytesWillDo) {
  for (int c = 0; c < 256; ++c) {
    const std::string odd = {'"', static_cast<char>(c), '.', static_cast<char>(c), '\'', 'n'};
    EXPECT_FALSE(ReadQuestion(odd, Weights()).too_long);
  }
}

TEST(StemWeightsTest, SaysWhatIsWrong) {
  using enum absl::StatusCode;
  EXPECT_THAT(StemWeights::Parse("[]"), StatusIs(kInvalidArgument, HasSubstr("JSON object")));
  EXPECT_THAT(StemWeights::Parse(R"({"a": 1})"), StatusIs(kInvalidArgument, HasSubstr("missing")));
  EXPECT_THAT(StemWeights::Parse(R"({"": 1, "ab": "x"})"),
              StatusIs(kInvalidArgument, HasSubstr("'ab' is not a number")));
  EXPECT_THAT(StemWeights::Parse(R"({"": 1})"), IsOk());
}

}  // namespace
}  // namespace weir::cache
