// A text that comes in pieces is taken apart as the whole text is.
#include "services/guardrails/stream_scanner.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "common/testing/status_matchers.h"
#include "services/guardrails/marked_text_for_test.h"

namespace weir::guardrails {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

std::string MarkedInPieces(std::string_view text, const std::vector<size_t>& lengths,
                           const Vocabulary& vocabulary = TestVocabulary()) {
  Marking marking(vocabulary);
  StreamScanner scanner(vocabulary);
  for (size_t i = 0, at = 0; at < text.size(); ++i) {
    const size_t length = lengths.empty() ? 1 : lengths[i % lengths.size()];
    scanner.Feed(text.substr(at, length), false, marking);
    EXPECT_LT(scanner.held(), StreamScanner::kMostHeld + 1);
    at += length;
    // As a stream does that another replica serves next.
    const std::string saved = scanner.Save();
    EXPECT_LT(saved.size(), 400U);
    StreamScanner next(vocabulary);
    EXPECT_THAT(next.Load(saved), IsOk());
    EXPECT_EQ(next.Save(), saved);
  }
  scanner.Feed("", true, marking);
  EXPECT_EQ(scanner.held(), 0U);
  return marking.Done();
}

constexpr std::string_view kText =
    "Ann <ann.lee@mail.example.co.uk> called (503) 275-7607 from 10.0.0.7; card 4111 1111 1111 "
    "1111,"
    " ssn 541-41-5920, IBAN GB29 NWBK 6016 1331 9268 19, key sk-fQofT9Cqkjh0XOnx8euPT3BlbkFJbT and"
    " fe80::cc1a:29eb:416b:f1d0 -----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE "
    "KEY-----"
    " +44 (0)20 7946 0958 ext. 12, EMP-1234 of Project Redwood, #a1-b2-c3-, yuki at example dot "
    "com, linh [AT] mail[dot]example [dot] org EMP-12";

TEST(StreamScannerTest, EverySplitInTwoGivesWhatTheWholeGives) {
  const std::string whole = Marked(kText);
  EXPECT_THAT(whole, HasSubstr("{SECRET|-----BEGIN EC"));
  for (size_t at = 0; at <= kText.size(); ++at) {
    EXPECT_EQ(MarkedInPieces(kText, {at, kText.size()}), whole) << at;
  }
  EXPECT_EQ(MarkedInPieces(kText, {1}), whole);
}

TEST(StreamScannerTest, NamesOfPeopleAreThoseOfTheWhole) {
  constexpr std::string_view kNames =
      "Dear Mrs. Qwertz, my name is Olga van den Berg-Smith of John F. Kennedy Street. JOHN SMITH "
      "and Élodie O'Neill's friend J. Xu: customer Abc Def Ghi Jkl Mno Pqr";
  const std::string whole = Marked(kNames, VocabularyWithPeople());
  EXPECT_THAT(whole, HasSubstr("{PERSON|Olga van den Berg-Smith} of John"));
  for (const size_t step : {2U, 3U, 5U, 11U}) {
    EXPECT_EQ(MarkedInPieces(kNames, {step}, VocabularyWithPeople()), whole) << step;
  }
}

TEST(StreamScannerTest, WhatIsDisguisedIsFoundAsItCame) {
  constexpr std::string_view kDisguised =
      "to \u200b４１１１\u00a01111 11\u200b1\u200b1 1111\u200b, \u200bаnn＠exаmple.com, "
      "\U0001d7d3\U0001d7d2\U0001d7cf\u201141‑5920, +٤٩ 30 2920078. "
      "sk-fQofT9Cqkjh0XOnx8eu\u200bPT3BlbkFJbT "
      "-----BEGIN PRIVATE KEY-----\nMH\u200bc\n-----END\u00a0PRIVATE\u200b KEY-----";
  const std::string whole = Marked(kDisguised);
  EXPECT_EQ(
      whole,
      "to \u200b{CREDIT_CARD|４１１１\u00a01111 11\u200b1\u200b1 1111}\u200b, "
      "\u200bа{EMAIL|nn＠exаmple.com}, "
      "{US_SSN|\U0001d7d3\U0001d7d2\U0001d7cf\u201141‑5920}, {PHONE|+٤٩ 30 2920078}. "
      "{SECRET|sk-fQofT9Cqkjh0XOnx8eu\u200bPT3BlbkFJbT} "
      "{SECRET|-----BEGIN PRIVATE KEY-----\nMH\u200bc\n-----END\u00a0PRIVATE\u200b KEY-----}");
  for (const size_t step : {1U, 2U, 3U, 5U, 100U}) {
    EXPECT_EQ(MarkedInPieces(kDisguised, {step}), whole) << step;
  }
}

TEST(StreamScannerTest, ProseIsHeldBackByTheWord) {
  Marking marking(TestVocabulary());
  StreamScanner scanner(TestVocabulary());
  scanner.Feed("The next word is, ", false, marking);
  EXPECT_EQ(scanner.held(), 0U);
  scanner.Feed("here", false, marking);
  EXPECT_EQ(scanner.held(), 4U);
  scanner.Feed(" and", false, marking);
  EXPECT_EQ(scanner.held(), 3U);
}

TEST(StreamScannerTest, AValueThatDoesNotEndIsHeldBackNoLongerThanItsBound) {
  Marking marking(TestVocabulary());
  StreamScanner scanner(TestVocabulary());
  for (int i = 0; i < 5000; ++i) {
    scanner.Feed("a@a.", false, marking);
    ASSERT_LT(scanner.held(), StreamScanner::kMostHeld + 1);
  }
}

TEST(StreamScannerTest, WhatAPatternWithoutABoundMatchesIsCut) {
  const std::string text = "#" + std::string(600, 'a') + "#b";
  const std::string whole = Marked(text);
  EXPECT_EQ(whole,
            "{ticket|#" + std::string(253, 'a') + "}" + std::string(347, 'a') + "{ticket|#b}");
  for (const size_t step : {1U, 7U, 254U, 255U, 400U}) {
    EXPECT_EQ(MarkedInPieces(text, {step}), whole) << step;
  }
}

TEST(StreamScannerTest, ATailIsSwallowedHoweverLong) {
  std::string key = "sk-fQofT9Cqkjh0XOnx8euPT3Blbk";
  while (key.size() < 5000) key += "fQofT9Cqkj.";
  key += "hh0";
  EXPECT_EQ(Marked("k " + key + " x"), "k {SECRET|" + key + "} x");
  EXPECT_EQ(MarkedInPieces("k " + key + " x", {7}), "k {SECRET|" + key + "} x");
}

TEST(StreamScannerTest, APrivateKeyWithoutAnEndIsSwallowedFor16KiB) {
  const std::string text = "-----BEGIN PRIVATE KEY-----" + std::string(20'000, 'k');
  const std::string whole = Marked(text);
  EXPECT_EQ(whole.find('}'), whole.find("}kk"));
  EXPECT_EQ(MarkedInPieces(text, {1000, 3}), whole);
}

struct StateCase {
  std::string_view name, state;
};
class StreamScannerStateTest : public ::testing::TestWithParam<StateCase> {};

TEST_P(StreamScannerStateTest, IsRefused) {
  StreamScanner scanner(TestVocabulary());
  EXPECT_THAT(scanner.Load(GetParam().state),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("state")));
}
INSTANTIATE_TEST_SUITE_P(Malformed, StreamScannerStateTest,
                         ::testing::ValuesIn<StateCase>({
                             {"Empty", ""},
                             {"OtherVersion", std::string_view("\2\0\0\0\0\0\0", 7)},
                             {"NoSuchTail", std::string_view("\1\7\0\0\0\0\0", 7)},
                             {"ContextBeyondTheBuffer", std::string_view("\1\0\5\0\0\0\0ab", 9)},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

// Texts of what values are made of.
rc::Gen<std::string> Texts() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
          "a", "ann", "@", ".", "example.com", " ", "-", "+44 ", "20 7946 ", "0958", "4111",
          "1111 ", "541-41-5920", "(", ")", "1", "DE89", "3704 0044 ", "0532013000", "10.0.0.", "7",
          ":", "::", "fe80", "sk-", "fQofT9Cqkjh0XOnx8euPT3BlbkFJ", "-----BEGIN ",
          "PRIVATE KEY-----", "-----END ", "eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOi", "ü", "谢", "\n",
          "phone ", "x12", "EMP-", "12", "project ", "red", "wood", " at ", " [at]", "[dot]",
          " dot ", "com", "\u200b", "\u200b\u200b\u200b", "４", "１１１１ ", "＠", "а",
          "\U000e0041", "\u0301", "\u00a0", "⑽", "#", "t-1",
          "_________________________________________")),
      [](const std::vector<std::string>& pieces) {
        std::string text;
        for (const std::string& each : pieces) text += each;
        return text;
      });
}

void CheckPieces(const std::string& text, const Vocabulary& vocabulary) {
  const auto lengths =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 40)));
  Marking marking(vocabulary);
  StreamScanner scanner(vocabulary);
  for (size_t i = 0, at = 0; at < text.size(); ++i) {
    const size_t end = std::min(text.size(), at + lengths[i % lengths.size()]);
    scanner.Feed(std::string_view(text).substr(at, end - at), false, marking);
    RC_ASSERT(scanner.held() <= StreamScanner::kMostHeld);
    at = end;
  }
  scanner.Feed("", true, marking);
  RC_ASSERT(marking.Done() == Marked(text, vocabulary));
}

RC_GTEST_PROP(StreamScannerProperty, PiecesGiveWhatTheWholeGives, ()) {
  CheckPieces(*Texts(), TestVocabulary());
}

RC_GTEST_PROP(StreamScannerProperty, PiecesGiveThePeopleOfTheWhole, ()) {
  const std::string text = *rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
          "John", "Smith", " ", " ", "van ", "O'", "J.", ".", "-", "É", "lodie", "Dear ", "Mr. ",
          "my name is ", "Xq", "Street", "a", ",", "'s", "\n", ":", "1", "谢")),
      [](const std::vector<std::string>& pieces) {
        std::string all;
        for (const std::string& each : pieces) all += each;
        return all;
      });
  CheckPieces(text, VocabularyWithPeople());
}

}  // namespace
}  // namespace weir::guardrails
