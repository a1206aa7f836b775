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

std::string MarkedInPieces(std::string_view text, const std::vector<size_t>& lengths) {
  Marking marking(TestVocabulary());
  StreamScanner scanner(TestVocabulary());
  for (size_t i = 0, at = 0; at < text.size(); ++i) {
    const size_t length = lengths.empty() ? 1 : lengths[i % lengths.size()];
    scanner.Feed(text.substr(at, length), false, marking);
    EXPECT_LT(scanner.held(), kMostRead);
    at += length;
    // As a stream does that another replica serves next.
    const std::string saved = scanner.Save();
    EXPECT_LT(saved.size(), 400U);
    StreamScanner next(TestVocabulary());
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
    " +44 (0)20 7946 0958 ext. 12, EMP-1234 of Project Redwood, EMP-12";

TEST(StreamScannerTest, EverySplitInTwoGivesWhatTheWholeGives) {
  const std::string whole = Marked(kText);
  EXPECT_THAT(whole, HasSubstr("{SECRET|-----BEGIN EC"));
  for (size_t at = 0; at <= kText.size(); ++at) {
    EXPECT_EQ(MarkedInPieces(kText, {at, kText.size()}), whole) << at;
  }
  EXPECT_EQ(MarkedInPieces(kText, {1}), whole);
}

TEST(StreamScannerTest, ProseIsHeldBackByTheWord) {
  Marking marking(TestVocabulary());
  StreamScanner scanner(TestVocabulary());
  scanner.Feed("The next word is ", false, marking);
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
    ASSERT_LT(scanner.held(), kMostRead);
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
          "phone ", "x12", "EMP-", "12", "project ", "red", "wood")),
      [](const std::vector<std::string>& pieces) {
        std::string text;
        for (const std::string& each : pieces) text += each;
        return text;
      });
}

// Where the byte at `at` begins a character.
bool IsBoundary(std::string_view text, size_t at) {
  return at >= text.size() || (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
}

RC_GTEST_PROP(StreamScannerProperty, PiecesGiveWhatTheWholeGives, ()) {
  const std::string text = *Texts();
  const auto lengths =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 40)));
  Marking marking(TestVocabulary());
  StreamScanner scanner(TestVocabulary());
  for (size_t i = 0, at = 0; at < text.size(); ++i) {
    size_t end = std::min(text.size(), at + lengths[i % lengths.size()]);
    while (!IsBoundary(text, end)) ++end;
    scanner.Feed(std::string_view(text).substr(at, end - at), false, marking);
    RC_ASSERT(scanner.held() < kMostRead);
    at = end;
  }
  scanner.Feed("", true, marking);
  RC_ASSERT(marking.Done() == Marked(text));
}

}  // namespace
}  // namespace weir::guardrails
