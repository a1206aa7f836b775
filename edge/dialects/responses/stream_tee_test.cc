#include "edge/dialects/responses/stream_tee.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <vector>

#include "common/testing/status_matchers.h"
#include "edge/dialects/openai/answer_usage.h"

namespace weir::edge::responses {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

std::string Event(std::string_view type, int sequence, std::string_view members) {
  return fmt::format("event: {}\ndata: {{\"type\":\"{}\",\"sequence_number\":{}{}{}}}\n\n", type,
                     type, sequence, members.empty() ? "" : ",", members);
}
std::string Delta(std::string_view text, int sequence = 4,
                  std::string_view type = "response.output_text.delta") {
  return Event(
      type, sequence,
      fmt::format(R"("item_id":"msg_1","output_index":0,"delta":"{}","logprobs":[])", text));
}
std::string End(std::string_view type, int sequence = 9,
                std::string_view usage = R"({"input_tokens":10,"output_tokens":20})") {
  return Event(type, sequence,
               fmt::format(R"("response":{{"id":"resp_1","error":null,"usage":{}}})", usage));
}

struct Teed {
  absl::Status status;
  std::string out;
  bool done = false;
  bool failed = false;
  int64_t tokens = 0;
  int64_t next = 0;
  std::optional<int64_t> usage;

  bool operator==(const Teed&) const = default;
};

Teed Tee(const std::vector<std::string_view>& pieces, StreamTee::Options options = {}) {
  StreamTee tee(options);
  Teed teed;
  for (const std::string_view each : pieces) {
    teed.status = tee.Feed(each, teed.out);
    if (!teed.status.ok() || tee.done()) break;
  }
  teed.done = tee.done();
  teed.failed = tee.failed();
  teed.tokens = tee.tokens_counted();
  teed.next = tee.next_sequence();
  if (tee.usage()) teed.usage = openai::TotalTokens(*tee.usage());
  return teed;
}

// --- Any split is the whole ---

struct StreamCase {
  std::string_view name;
  std::string stream;
};
class ResponsesSplitTest : public ::testing::TestWithParam<StreamCase> {};

TEST_P(ResponsesSplitTest, AnySplitGivesTheSame) {
  const std::string_view stream = GetParam().stream;
  const Teed whole = Tee({stream});
  std::vector<std::string_view> bytes;
  for (size_t cut = 1; cut < stream.size(); ++cut) {
    ASSERT_EQ(Tee({stream.substr(0, cut), stream.substr(cut)}), whole) << "cut " << cut;
  }
  for (size_t i = 0; i < stream.size(); ++i) bytes.push_back(stream.substr(i, 1));
  ASSERT_EQ(Tee(bytes), whole) << "byte by byte";
}
std::string CrLf(std::string text) {
  for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2)) {
    text.insert(at, "\r");
  }
  return text;
}
std::vector<StreamCase> Streams() {
  const std::string usual =
      Event("response.created", 0, R"("response":{"id":"resp_1","usage":null})") +
      Delta("Hello", 1) + Delta(R"( wor\u006cd \"\ud83d\ude00)", 2) +
      Event("response.output_text.done", 3, R"("text":"Hello world")") +
      End("response.completed", 4);
  return {
      {"Usual", usual},
      {"CrLf", CrLf(usual)},
      {"CommentsAndFields", ": keep-alive\n\nid: 7\nretry: 10\n" + usual},
      {"WithoutEnd", Delta("a") + Delta("b")},
      {"Error", Delta("a") + Event("error", 5, R"("code":"x","message":"y")") + Delta("b")},
      {"BehindTheEnd", End("response.failed") + Delta("a")},
  };
}
INSTANTIATE_TEST_SUITE_P(Corpus, ResponsesSplitTest, ::testing::ValuesIn(Streams()),
                         [](const auto& info) { return std::string(info.param.name); });

// --- The end ---

struct EndCase {
  std::string_view name, type;
  bool done = true;
  bool failed = false;
};
class ResponsesEndTest : public ::testing::TestWithParam<EndCase> {};

TEST_P(ResponsesEndTest, HasTheUsageAndNothingBehindIt) {
  const std::string end = End(GetParam().type);
  const Teed teed = Tee({Delta("a", 8) + end + (GetParam().done ? Delta("late", 10) : "")});
  EXPECT_THAT(teed.status, IsOk());
  EXPECT_EQ(teed.out, Delta("a", 8) + end);
  EXPECT_EQ(teed.done, GetParam().done);
  EXPECT_EQ(teed.failed, GetParam().failed);
  EXPECT_EQ(teed.usage, GetParam().done ? std::optional<int64_t>(30) : std::nullopt);
}
INSTANTIATE_TEST_SUITE_P(Types, ResponsesEndTest,
                         ::testing::ValuesIn<EndCase>({
                             {"Completed", "response.completed"},
                             {"Incomplete", "response.incomplete"},
                             {"Failed", "response.failed", true, true},
                             {"Created", "response.created", false},
                             {"InProgress", "response.in_progress", false},
                             {"Queued", "response.queued", false},
                             {"Unknown", "response.something_new", false},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(ResponsesTeeTest, AnEndWithoutUsageHasNone) {
  EXPECT_EQ(Tee({End("response.failed", 9, "null")}).usage, std::nullopt);
  EXPECT_EQ(Tee({End("response.completed", 9, R"({"input_tokens":0,"output_tokens":0})")}).usage,
            0);
}

TEST(ResponsesTeeTest, DoneEndsItWhereAProviderSaysSo) {
  const Teed teed = Tee({Delta("a") + "data: [DONE]\n\n" + Delta("b")});
  EXPECT_TRUE(teed.done);
  EXPECT_EQ(teed.out, Delta("a") + "data: [DONE]\n\n");
}

TEST(ResponsesTeeTest, TheLastEventMayBeMegabytesLong) {
  const std::string text(3'000'000, 'x');
  const std::string end = Event("response.completed", 5,
                                R"("response":{"output":[{"text":")" + text +
                                    R"("}],"usage":{"input_tokens":1,"output_tokens":2}})");
  EXPECT_EQ(Tee({end}).usage, 3);
  EXPECT_THAT(Tee({end.substr(0, 2000)}, {.max_event = 1000}).status,
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("1000 bytes")));
}

// --- Errors ---

struct ErrorCase {
  std::string_view name, data;
  bool is_error = true;
};
class ResponsesErrorTest : public ::testing::TestWithParam<ErrorCase> {};

TEST_P(ResponsesErrorTest, EndsTheStreamWithTheEventPassed) {
  const std::string event = fmt::format("event: error\ndata: {}\n\n", GetParam().data);
  const Teed teed = Tee({Delta("a") + event + Delta("b")});
  if (GetParam().is_error) {
    EXPECT_THAT(teed.status, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("error event")));
    EXPECT_EQ(teed.out, Delta("a") + event);
  } else {
    EXPECT_THAT(teed.status, IsOk());
    EXPECT_EQ(teed.out, Delta("a") + event + Delta("b"));
  }
}
INSTANTIATE_TEST_SUITE_P(
    Events, ResponsesErrorTest,
    ::testing::ValuesIn<ErrorCase>({
        {"OfTheReference", R"({"type":"error","code":"x","message":"y","param":null})"},
        {"WithAnObject", R"({"type":"error","sequence_number":3,"error":{"message":"y"}})"},
        {"WithoutAType", R"({"error":{"message":"overloaded"}})"},
        {"Null", R"({"type":"response.x","error":null})", false},
        {"InsideAResponse", R"({"type":"response.x","response":{"error":{"code":"x"}}})", false},
        {"InADelta", R"({"type":"response.output_text.delta","delta":"\"type\":\"error\""})",
         false},
    }),
    [](const auto& info) { return std::string(info.param.name); });

// --- Counting ---

struct CountCase {
  std::string_view name;
  std::string stream;
  std::string_view text;
};
class ResponsesCountTest : public ::testing::TestWithParam<CountCase> {};

TEST_P(ResponsesCountTest, IsThatOfTheText) {
  EXPECT_EQ(Tee({GetParam().stream}).tokens, text::EstimateTokens(GetParam().text));
}
INSTANTIATE_TEST_SUITE_P(
    Streams, ResponsesCountTest,
    ::testing::ValuesIn<CountCase>({
        {"Words", Delta("one two ") + Delta("three"), "one two three"},
        {"AWordInTwoPieces", Delta("straw") + Delta("berry"), "strawberry"},
        {"Empty", Delta(""), ""},
        {"Arguments", Delta(R"({\"city\":\"Paris\"})", 1, "response.function_call_arguments.delta"),
         R"({"city":"Paris"})"},
        {"Reasoning", Delta("think hard", 1, "response.reasoning_text.delta"), "think hard"},
        {"Summary", Delta("thought", 1, "response.reasoning_summary_text.delta"), "thought"},
        {"Refusal", Delta("I cannot", 1, "response.refusal.delta"), "I cannot"},
        {"NewKindOfText", Delta("one two", 1, "response.new_text.delta"), "one two"},
        {"SoundIsNoText", Delta("QUJDREVGRw==", 1, "response.audio.delta"), ""},
        {"WholeTextsRepeatDeltas",
         Delta("one") + Event("response.output_text.done", 5, R"("text":"one","delta":"x y z")"),
         "one"},
        {"DeltaBeforeItsType",
         "data: {\"delta\":\"one two\",\"type\":\"response.output_text.delta\"}\n\n", "one two"},
        {"DeltaThatIsAnObject",
         "data: {\"type\":\"response.x.delta\",\"delta\":{\"delta\":\"one two\"}}\n\n", ""},
        {"Spaces",
         "data: { \"type\" : \"response.output_text.delta\" , \"delta\" : \"one two\" }\n\n",
         "one two"},
        {"InSeveralLines",
         "data: {\"type\":\"response.output_text.delta\",\ndata: \"delta\":\"one two\"}\n\n",
         "one two"},
        {"EscapedChinese", Delta(R"(\u4f60\u597d\u4e16\u754c)"),
         "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xb8\x96\xe7\x95\x8c"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

// --- The wall ---

TEST(ResponsesTeeTest, WithholdsWhatIsBehindTheWall) {
  StreamTee tee;
  std::string out;
  tee.SetWall(2);
  EXPECT_THAT(tee.Feed(Delta("one", 4) + Delta(" two", 5) + Delta(" three", 6), out), IsOk());
  EXPECT_EQ(out, Delta("one", 4));
  EXPECT_TRUE(tee.at_wall());
  EXPECT_EQ(tee.withheld(), Delta(" two", 5));
  EXPECT_EQ(tee.next_sequence(), 5);
  tee.SetWall(100);
  EXPECT_THAT(tee.Feed("", out), IsOk());
  EXPECT_EQ(out, Delta("one", 4) + Delta(" two", 5) + Delta(" three", 6));
  EXPECT_EQ(tee.next_sequence(), 7);
}

// --- What the gateway says itself ---

TEST(ResponsesTeeTest, AnErrorEventGoesOnCountingAndNamesTheFaultTwice) {
  StreamTee tee;
  std::string out;
  ASSERT_THAT(tee.Feed(Delta("one", 11), out), IsOk());
  const std::string event = tee.ErrorEvent(
      R"({"error":{"message":"It \"broke\".","type":"api_error","param":null,"code":"upstream_error"}})");
  EXPECT_EQ(
      event,
      "event: error\n"
      R"(data: {"type":"error","sequence_number":12,"code":"upstream_error",)"
      R"("message":"It \"broke\".","param":null,)"
      R"("error":{"message":"It \"broke\".","type":"api_error","param":null,"code":"upstream_error"}})"
      "\n\n");
  EXPECT_THAT(Tee({event}).status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(tee.CutEvents(1, common::v1::Usage()), "");
}

struct SequenceCase {
  std::string_view name;
  std::string stream;
  int64_t next;
};
class ResponsesSequenceTest : public ::testing::TestWithParam<SequenceCase> {};

TEST_P(ResponsesSequenceTest, GoesOnFromTheLastEvent) {
  EXPECT_EQ(Tee({GetParam().stream}).next, GetParam().next);
}
INSTANTIATE_TEST_SUITE_P(
    Streams, ResponsesSequenceTest,
    ::testing::ValuesIn<SequenceCase>({
        {"Nothing", "", 0},
        {"First", Delta("a", 0), 1},
        {"Further", Delta("a", 0) + Delta("b", 1), 2},
        {"WithoutNumbers", "data: {\"type\":\"a\"}\n\ndata: {\"type\":\"b\"}\n\n", 2},
        {"NoNumber", "data: {\"type\":\"a\",\"sequence_number\":\"7\"}\n\n", 1},
        {"Negative", "data: {\"type\":\"a\",\"sequence_number\":-7}\n\n", 1},
        {"Huge", "data: {\"type\":\"a\",\"sequence_number\":9223372036854775807}\n\n",
         1'000'000'000'001},
    }),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::edge::responses
