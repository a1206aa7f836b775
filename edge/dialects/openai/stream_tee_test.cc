#include "edge/dialects/openai/stream_tee.h"

#include "common/testing/status_matchers.h"
#include "edge/dialects/openai/answer_usage.h"

namespace weir::edge::openai {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

constexpr StreamTee::Options kStrip{.strip_usage = true};

std::string Delta(std::string_view inside) {
  return fmt::format(R"(data: {{"id":"c","choices":[{{"index":0,"delta":{{{}}}}}]}})", inside) +
         "\n\n";
}
std::string Content(std::string_view text) { return Delta(fmt::format(R"("content":"{}")", text)); }
std::string UsageChunk(int prompt, int completion) {
  return fmt::format(
             R"(data: {{"id":"c","choices":[],"usage":{{"prompt_tokens":{},"completion_tokens":{}}}}})",
             prompt, completion) +
         "\n\n";
}
constexpr std::string_view kDone = "data: [DONE]\n\n";

struct Teed {
  absl::Status status;
  std::string out;
  bool done = false;
  int64_t tokens = 0;
  std::optional<int64_t> usage;

  bool operator==(const Teed&) const = default;
  friend void PrintTo(const Teed& teed, std::ostream* os) {
    *os << teed.status << " done " << teed.done << " tokens " << teed.tokens << " usage "
        << teed.usage.value_or(-1) << "\n"
        << teed.out;
  }
};

// As a relay feeds it: until the end or the first error.
Teed Tee(const std::vector<std::string_view>& pieces, StreamTee::Options options = {}) {
  StreamTee tee(options);
  Teed teed;
  for (const std::string_view each : pieces) {
    teed.status = tee.Feed(each, teed.out);
    if (!teed.status.ok() || tee.done()) break;
  }
  teed.done = tee.done();
  teed.tokens = tee.tokens_counted();
  if (tee.usage()) teed.usage = TotalTokens(*tee.usage());
  return teed;
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// --- Any split is the whole ---

struct StreamCase {
  std::string_view name;
  std::string stream;
};
class SplitTest : public ::testing::TestWithParam<StreamCase> {};

TEST_P(SplitTest, AnySplitGivesTheSame) {
  const std::string_view stream = GetParam().stream;
  for (const StreamTee::Options options : {StreamTee::Options{}, kStrip}) {
    const Teed whole = Tee({stream}, options);
    for (size_t cut = 1; cut < stream.size(); ++cut) {
      ASSERT_EQ(Tee({stream.substr(0, cut), stream.substr(cut)}, options), whole) << "cut " << cut;
      ASSERT_EQ(
          Tee({stream.substr(0, cut), stream.substr(cut, 1), stream.substr(cut + 1)}, options),
          whole)
          << "cut " << cut << " and behind";
    }
    std::vector<std::string_view> bytes;
    for (size_t i = 0; i < stream.size(); ++i) bytes.push_back(stream.substr(i, 1));
    ASSERT_EQ(Tee(bytes, options), whole) << "byte by byte";
  }
}
std::vector<StreamCase> Streams() {
  const std::string usual = Delta(R"("role":"assistant","content":"")") + Content("Hello") +
                            Content(" wor\\u006cd \\\"\xe4\xbd\xa0\\n\\ud83d\\ude00") + Delta("") +
                            UsageChunk(10, 20) + std::string(kDone);
  return {
      {"Usual", usual},
      {"CrLf", Replaced(usual, "\n", "\r\n")},
      {"Cr", Replaced(usual, "\n", "\r")},
      {"LfAndCrLf", Replaced(usual, "}\n\n", "}\n\r\n")},
      {"CrAndCrLf", Replaced(usual, "}\n\n", "}\r\r\n")},
      {"NoSpaceBehindColon", Replaced(usual, "data: ", "data:")},
      {"CommentsAndFields", ": keep-alive\n\nid: 7\nevent: x\nretry: 10\n" + usual},
      {"ManyEmptyLines", Replaced(usual, "\n\n", "\n\n\n\n")},
      {"ManyEmptyCrLfLines", Replaced(usual, "\n\n", "\r\n\r\n\r\n")},
      {"DataInSeveralLines",
       "data: {\"choices\":[],\ndata: \"usage\":\ndata: {\"prompt_tokens\":3}}\n\n" +
           std::string(kDone)},
      {"WithoutDone", Content("a") + Content("b")},
      {"CutInTheMiddle", Content("a") + Content("b").substr(0, 20)},
      {"ErrorEvent", Content("a") + "data: {\"error\":{\"message\":\"no\"}}\n\n" + Content("b")},
      {"TextBehindDone", Content("a") + std::string(kDone) + Content("b")},
      {"ToolCalls",
       Delta(
           R"("tool_calls":[{"index":0,"id":"call_1","function":{"name":"f","arguments":"{\"a\":"}}])") +
           Delta(R"("tool_calls":[{"index":0,"function":{"arguments":"\"Paris\"}"}}])") +
           std::string(kDone)},
  };
}
INSTANTIATE_TEST_SUITE_P(Corpus, SplitTest, ::testing::ValuesIn(Streams()),
                         [](const auto& info) { return std::string(info.param.name); });

// --- What passes and what does not ---

TEST(StreamTeeTest, EverythingPassesAsItCame) {
  const std::string stream =
      ": hello\n\nid: 1\nevent: x\n" + Content("a") + UsageChunk(1, 2) + std::string(kDone);
  const Teed teed = Tee({stream});
  EXPECT_EQ(teed.out, stream);
  EXPECT_TRUE(teed.done);
  EXPECT_EQ(teed.usage, 3);
}

TEST(StreamTeeTest, TheUsageChunkIsTakenOutWhereTheClientDidNotAskForIt) {
  const Teed teed = Tee({Content("a") + UsageChunk(10, 20) + std::string(kDone)}, kStrip);
  EXPECT_EQ(teed.out, Content("a") + std::string(kDone));
  EXPECT_EQ(teed.usage, 30);
}

TEST(StreamTeeTest, SpacesDoNotHideTheUsageChunk) {
  const std::string chunk =
      "data: {\"id\": \"c\", \"choices\" : [ ], \"usage\" : {\"prompt_tokens\": 4}}\n\n";
  const Teed teed = Tee({chunk + std::string(kDone)}, kStrip);
  EXPECT_EQ(teed.out, kDone);
  EXPECT_EQ(teed.usage, 4);
}

TEST(StreamTeeTest, UsageBesideAChoiceIsReadAndStays) {
  const std::string last =
      R"(data: {"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}})"
      "\n\n";
  const Teed teed = Tee({last + std::string(kDone)}, kStrip);
  EXPECT_EQ(teed.out, last + std::string(kDone));
  EXPECT_EQ(teed.usage, 2);
}

TEST(StreamTeeTest, UsageNullIsNoUsage) {
  const std::string chunk = R"(data: {"choices":[],"usage":null})"
                            "\n\n";
  const Teed teed = Tee({chunk}, kStrip);
  EXPECT_EQ(teed.out, chunk);
  EXPECT_EQ(teed.usage, std::nullopt);
}

TEST(StreamTeeTest, ZeroIsAUsage) {
  const Teed teed = Tee({Content("hello") + UsageChunk(0, 0) + std::string(kDone)}, kStrip);
  EXPECT_EQ(teed.usage, 0);
}

TEST(StreamTeeTest, TheLastUsageCounts) {
  EXPECT_EQ(Tee({UsageChunk(1, 1) + UsageChunk(5, 6)}).usage, 11);
}

TEST(StreamTeeTest, AChunkOfEmptyChoicesWithoutUsageStays) {
  const std::string azure = R"(data: {"choices":[],"prompt_filter_results":[{"index":0}]})"
                            "\n\n";
  EXPECT_EQ(Tee({azure}, kStrip).out, azure);
}

TEST(StreamTeeTest, TextThatLooksLikeMembersIsText) {
  const std::string sly =
      Content(R"(\"choices\":[],\"usage\":{\"prompt_tokens\":9} \"error\":{} [DONE])");
  const Teed teed = Tee({sly}, kStrip);
  EXPECT_THAT(teed.status, IsOk());
  EXPECT_EQ(teed.out, sly);
  EXPECT_EQ(teed.usage, std::nullopt);
  EXPECT_FALSE(teed.done);
}

TEST(StreamTeeTest, OnlyWholeEventsPass) {
  StreamTee tee({});
  std::string out;
  EXPECT_THAT(tee.Feed(Content("a") + "data: {\"cho", out), IsOk());
  EXPECT_EQ(out, Content("a"));
  EXPECT_EQ(tee.pending(), 11U);
}

TEST(StreamTeeTest, NothingPassesBehindTheEnd) {
  StreamTee tee({});
  std::string out;
  EXPECT_THAT(tee.Feed(std::string(kDone) + Content("late"), out), IsOk());
  EXPECT_THAT(tee.Feed(Content("later"), out), IsOk());
  EXPECT_EQ(out, kDone);
  EXPECT_EQ(tee.tokens_counted(), 0);
}

// --- Errors ---

struct ErrorCase {
  std::string_view name, data;
  bool is_error = true;
};
class ErrorEventTest : public ::testing::TestWithParam<ErrorCase> {};

TEST_P(ErrorEventTest, EndsTheStreamWithTheEventPassed) {
  const std::string event = fmt::format("data: {}\n\n", GetParam().data);
  const Teed teed = Tee({Content("a") + event + Content("b")});
  if (GetParam().is_error) {
    EXPECT_THAT(teed.status, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("error event")));
    EXPECT_EQ(teed.out, Content("a") + event);
  } else {
    EXPECT_THAT(teed.status, IsOk());
    EXPECT_EQ(teed.out, Content("a") + event + Content("b"));
  }
}
INSTANTIATE_TEST_SUITE_P(
    Events, ErrorEventTest,
    ::testing::ValuesIn<ErrorCase>({
        {"OpenAI", R"({"error":{"message":"overloaded","type":"server_error"}})"},
        {"WithSpaces", R"({ "error" : {"message": "overloaded"}})"},
        {"BehindOthers", R"({"id":"c","choices":[],"error":{"code":502}})"},
        {"Text", R"({"error":"overloaded"})"},
        {"Null", R"({"id":"c","choices":[],"error":null})", false},
        {"Inside", R"({"id":"c","choices":[{"delta":{},"error":{"code":1}}]})", false},
        {"NotJson", R"({"error":{)", false},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(StreamTeeTest, AnEventOverTheBoundIsRefused) {
  const StreamTee::Options small{.max_event = 100};
  EXPECT_THAT(Tee({"data: " + std::string(100, 'x')}, small).status,
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("100 bytes")));
  EXPECT_THAT(Tee({Content("a"), "data: " + std::string(90, 'x')}, small).status, IsOk());
}

TEST(StreamTeeTest, AnEventByteByByteTakesNoLongerThanItsSize) {
  StreamTee tee({});
  std::string out;
  // Of this thread's own time: how busy the machine is says nothing.
  const std::clock_t begin = std::clock();
  for (int i = 0; i < 1'000'000; ++i) ASSERT_THAT(tee.Feed("x", out), IsOk());
  EXPECT_LT(std::clock() - begin, 5 * CLOCKS_PER_SEC);
}

// --- Counting ---

struct CountCase {
  std::string_view name;
  std::string stream;
  std::string_view text;  // What it says, in plain.
};
class CountTest : public ::testing::TestWithParam<CountCase> {};

TEST_P(CountTest, IsThatOfTheText) {
  EXPECT_EQ(Tee({GetParam().stream}).tokens, text::EstimateTokens(GetParam().text));
}
INSTANTIATE_TEST_SUITE_P(
    Streams, CountTest,
    ::testing::ValuesIn<CountCase>({
        {"Words", Content("one two ") + Content("three"), "one two three"},
        {"AWordInTwoPieces", Content("straw") + Content("berry"), "strawberry"},
        {"Nothing", Delta(R"("role":"assistant","content":"")") + Delta(""), ""},
        {"ContentNull", Delta(R"("content":null)"), ""},
        {"DeltaNull", "data: {\"choices\":[{\"delta\":null}]}\n\n", ""},
        {"Reasoning",
         Delta(R"("reasoning_content":"think hard")") + Delta(R"("reasoning":" more")"),
         "think hard more"},
        {"Refusal", Delta(R"("refusal":"I cannot")"), "I cannot"},
        {"ToolArgumentsUnescaped",
         Delta(
             R"("tool_calls":[{"id":"call_123","type":"function","function":{"name":"get","arguments":"{\"city\":\"Paris\"}"}}])"),
         R"({"city":"Paris"})"},
        {"EscapedChinese", Content(R"(\u4f60\u597d\u4e16\u754c)"),
         "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xb8\x96\xe7\x95\x8c"},
        {"SpacesInJson", "data: {\"choices\" : [ {\"delta\" : {\"content\" : \"one two\"}}]}\n\n",
         "one two"},
        {"TwoChoices",
         R"(data: {"choices":[{"delta":{"content":"one "}},{"delta":{"content":"two"}}]})"
         "\n\n",
         "one two"},
        {"OtherMembersDoNotCount",
         R"(data: {"id":"a b c","model":"d e","choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],"obfuscation":"zzzz zzzz"})"
         "\n\n",
         "x"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

// --- What an event has in common with the one before it is read once, and counts as often ---

struct ThenCase {
  std::string_view name;
  std::string event;  // Behind one that says "one ".
};
class AfterAnEventTest : public ::testing::TestWithParam<ThenCase> {};

TEST_P(AfterAnEventTest, IsReadAsIfItWereAlone) {
  // Teaches nothing about the events between which it stands, as it begins otherwise.
  const std::string other = Replaced(Delta(""), R"("id":"c")", R"("id":"d")");
  const std::string first = Content("one ");
  const std::string& event = GetParam().event;
  std::string known;
  std::string apart;
  for (const std::string& each : {first, first, event, event, first, event}) {
    known.append(each);
    apart.append(other).append(each);
  }
  for (const bool strip : {false, true}) {
    const Teed want = Tee({apart}, {.strip_usage = strip});
    const Teed teed = Tee({known}, {.strip_usage = strip});
    EXPECT_EQ(teed.status, want.status);
    EXPECT_EQ(teed.tokens, want.tokens);
    EXPECT_EQ(teed.usage, want.usage);
    EXPECT_EQ(teed.out, Replaced(want.out, other, ""));
  }
}
INSTANTIATE_TEST_SUITE_P(
    Events, AfterAnEventTest,
    ::testing::ValuesIn<ThenCase>({
        {"TheSame", Content("one ")},
        {"OtherText", Content("two ")},
        {"NoText", Delta("")},
        {"DeltaNull", "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":null}]}\n\n"},
        {"DeltaText", "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":\"x y\"}]}\n\n"},
        {"BlankBeforeTheDelta",
         "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\": {\"content\":\"two \"}}]}\n\n"},
        {"SecondDelta",
         R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":"a "}},{"index":1,"delta":{"content":"b "}}]})"
         "\n\n"},
        {"UsageBehind",
         R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":"a "}}],"usage":{"prompt_tokens":3,"completion_tokens":4}})"
         "\n\n"},
        {"UsageNullBehind",
         R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":"a "}}],"usage":null})"
         "\n\n"},
        {"UsageChunk", UsageChunk(3, 4)},
        {"ErrorBehind",
         R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":"a "}}],"error":{"message":"no"}})"
         "\n\n"},
        {"StringWithoutEnd",
         "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a \n\n"},
        {"CutOff", "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":\n\n"},
        {"ToolCall", Delta(R"("tool_calls":[{"function":{"arguments":"{\"a\":1}"}}])")},
        {"Finish", R"(data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
                   "\n\n"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

// --- The wall ---

// Tokens, as they are counted cautiously, of `words` words that came one by one.
int64_t Cautious(int64_t words) { return words + (words + 3) / 4; }

TEST(StreamTeeWallTest, WhatBringsTheCountOverItIsWithheldWithAllBehindIt) {
  const std::string stream =
      Content("one") + Content(" two") + Content(" three") + UsageChunk(3, 3) + std::string(kDone);
  for (size_t cut = 0; cut < stream.size(); ++cut) {
    SCOPED_TRACE(cut);
    StreamTee tee({});
    tee.SetWall(Cautious(2));
    std::string out;
    ASSERT_THAT(tee.Feed(std::string_view(stream).substr(0, cut), out), IsOk());
    const std::string_view rest = std::string_view(stream).substr(cut);
    if (!tee.at_wall()) {
      ASSERT_THAT(tee.Feed(rest, out), IsOk());
      ASSERT_TRUE(tee.at_wall());
      EXPECT_EQ(out, Content("one") + Content(" two"));
      EXPECT_EQ(tee.withheld(), Content(" three"));
      EXPECT_EQ(tee.cautious_tokens(), Cautious(3)) << "it came, and is billed";
      EXPECT_THAT(tee.Feed("", out), IsOk());
      EXPECT_EQ(out, Content("one") + Content(" two")) << "the wall has not moved";
      tee.SetWall(Cautious(3));
      EXPECT_THAT(tee.Feed("", out), IsOk());
    } else {
      tee.SetWall(Cautious(3));
      EXPECT_THAT(tee.Feed("", out), IsOk());
      EXPECT_THAT(tee.Feed(rest, out), IsOk());
    }
    EXPECT_FALSE(tee.at_wall());
    EXPECT_EQ(out, stream);
    EXPECT_TRUE(tee.done());
    EXPECT_EQ(tee.tokens_counted(), 3);
  }
}

TEST(StreamTeeWallTest, LineEndsOfAnyKindComeOutInOrder) {
  for (const std::string_view line_end : {"\r\n", "\r"}) {
    const std::string one = Replaced(Content("one"), "\n", line_end);
    const std::string two = Replaced(Content(" two"), "\n", line_end);
    for (size_t cut = 1; cut <= one.size(); ++cut) {
      StreamTee tee({});
      tee.SetWall(0);
      std::string out;
      ASSERT_THAT(tee.Feed(std::string_view(one).substr(0, cut), out), IsOk());
      if (!tee.at_wall()) ASSERT_THAT(tee.Feed(std::string_view(one).substr(cut), out), IsOk());
      const std::string rest = tee.at_wall() && cut < one.size() ? one.substr(cut) : "";
      EXPECT_EQ(out, "");
      tee.SetWall(100);
      ASSERT_THAT(tee.Feed("", out), IsOk());
      if (out.size() < one.size()) ASSERT_THAT(tee.Feed(rest, out), IsOk());
      ASSERT_THAT(tee.Feed(two, out), IsOk());
      if (line_end == "\r") ASSERT_THAT(tee.Feed(two, out), IsOk());
      EXPECT_TRUE(out.starts_with(one + two.substr(0, two.size() - 1))) << cut << ": " << out;
    }
  }
}

TEST(StreamTeeWallTest, EventsWithoutTextPass) {
  StreamTee tee({});
  tee.SetWall(0);
  std::string out;
  const std::string role = Delta(R"("role":"assistant","content":"")");
  ASSERT_THAT(tee.Feed(role + UsageChunk(1, 0) + std::string(kDone), out), IsOk());
  EXPECT_TRUE(tee.done());
  EXPECT_FALSE(tee.at_wall());
}

// base64 has twice the tokens that the scan sees; providers send them one by one.
TEST(StreamTeeWallTest, EachPieceOfTextCountsAtLeastOne) {
  StreamTee tee({});
  std::string out;
  for (int i = 0; i < 100; ++i) ASSERT_THAT(tee.Feed(Content("aB"), out), IsOk());
  EXPECT_EQ(tee.cautious_tokens(), 100);
  EXPECT_LT(tee.tokens_counted(), 80);
}

}  // namespace
}  // namespace weir::edge::openai
