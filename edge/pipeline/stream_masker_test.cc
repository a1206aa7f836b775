#include "edge/pipeline/stream_masker.h"

#include <gtest/gtest.h>

#include <random>

#include "common/status/detail.h"
#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "common/text/json_escape.h"
#include "edge/testing/collected_stream.h"
#include "edge/testing/fake_guardrails.h"

namespace weir::edge {
namespace {

using ::testing::_;
using testing::CollectedStream;
using testing::FakeGuardrails;
using ::testing::HasSubstr;
using ::testing::Not;
using ::weir::testing::IsOk;
using ::weir::testing::RunUntilDone;
using ::weir::testing::StatusIs;
using Kind = texts::StreamRewriter::Kind;

std::string Chunk(std::string_view choices, std::string_view more = "") {
  return fmt::format(
      "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,"
      "\"model\":\"gpt-4o\",\"choices\":[{}]{}}}\n\n",
      choices, more);
}
std::string Delta(std::string_view delta, int choice = 0) {
  return Chunk(fmt::format(R"({{"index":{},"delta":{},"finish_reason":null}})", choice, delta));
}
std::string Content(std::string_view text, int choice = 0) {
  std::string delta = "{\"content\":";
  text::AppendJsonString(delta, text);
  return Delta(delta + "}", choice);
}
std::string End(int choice = 0) {
  return Chunk(fmt::format(R"({{"index":{},"delta":{{}},"finish_reason":"stop"}})", choice));
}
constexpr std::string_view kDone = "data: [DONE]\n\n";

class StreamMaskerTest : public ::testing::Test {
 protected:
  StreamMasker New(Kind kind = Kind::kChat, bool fail_open = false) {
    GuardPolicies policies{.organization = "acme", .names = {"both"}, .fail_open = fail_open};
    return StreamMasker(service_,
                        {.policies = policies, .numbers_taken = {{"EMAIL", 2}}, .kind = kind});
  }
  static absl::StatusOr<std::string> Feed(StreamMasker& masker, std::string events) {
    return RunUntilDone(masker.Feed({}, std::move(events)));
  }
  // Each of `rounds` fed at once.
  std::string Masked(const std::vector<std::string>& rounds, Kind kind = Kind::kChat) {
    StreamMasker masker = New(kind);
    std::string out;
    for (const std::string& each : rounds) {
      const auto fed = Feed(masker, each);
      EXPECT_THAT(fed, IsOk());
      if (fed.ok()) out += *fed;
    }
    return out;
  }
  CollectedStream Collected(const std::vector<std::string>& rounds, Kind kind = Kind::kChat) {
    CollectedStream collected;
    collected.Add(Masked(rounds, kind));
    return collected;
  }

  FakeGuardrails service_;
};

TEST_F(StreamMaskerTest, WhatNeedsNoChangeGoesAsItCame) {
  const std::vector<std::string> events = {Delta(R"({"role":"assistant","content":""})"),
                                           Content("Hello, "),
                                           Content("you."),
                                           Content(" \\u00e9 "),
                                           End(),
                                           std::string(kDone)};
  std::string whole;
  for (const std::string& each : events) whole += each;
  // At once, as a word is held back.
  EXPECT_EQ(Masked({whole}), whole);
}

TEST_F(StreamMaskerTest, AnAddressOverTwoDeltasIsMasked) {
  EXPECT_EQ(Masked({Content("to ann"), Content("@x.test and"), End(), std::string(kDone)}),
            Content("to ") + Content("[EMAIL] ") + Content("and") + End() + std::string(kDone));
}

TEST_F(StreamMaskerTest, EverySplitGivesWhatTheWholeGives) {
  constexpr std::string_view kText = "a b@c.d, \"é\\ 😀 e@f\n<g@h.i>. j";
  const std::string want = FakeGuardrails::Masked(kText);
  const auto is_boundary = [&](size_t at) {
    return at == kText.size() || (static_cast<unsigned char>(kText[at]) & 0xC0) != 0x80;
  };
  for (size_t i = 0; i <= kText.size(); ++i) {
    for (size_t j = i; j <= kText.size(); ++j) {
      if (!is_boundary(i) || !is_boundary(j)) continue;
      const std::vector<std::string> events = {Content(kText.substr(0, i)),
                                               Content(kText.substr(i, j - i)),
                                               Content(kText.substr(j)), End(), std::string(kDone)};
      const CollectedStream collected = Collected(events);
      ASSERT_EQ(collected.texts.at("0.content"), want) << i << " " << j;
      ASSERT_TRUE(collected.done);
      ASSERT_EQ(collected.finish_reasons.at("0"), "stop");
    }
  }
}

TEST_F(StreamMaskerTest, ArgumentsInPiecesAreMaskedInTheirStrings) {
  constexpr std::string_view kArguments =
      R"({"to":["a\u0040b.c","\ud83d\ude00 d@e\n"], "n":-12.5,"f@g":"h"} i@j)";
  constexpr std::string_view kWant =
      "{\"to\":[\"[EMAIL]\",\"😀 [EMAIL]\\n\"], \"n\":-12.5,\"f@g\":\"h\"} [EMAIL]";
  for (size_t i = 0; i <= kArguments.size(); ++i) {
    for (size_t j = i; j <= kArguments.size(); ++j) {
      std::vector<std::string> events = {Delta(
          R"({"tool_calls":[{"index":1,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]})")};
      for (const std::string_view each :
           {kArguments.substr(0, i), kArguments.substr(i, j - i), kArguments.substr(j)}) {
        std::string delta = R"({"tool_calls":[{"index":1,"function":{"arguments":)";
        text::AppendJsonString(delta, each);
        events.push_back(Delta(delta + "}}]}"));
      }
      events.push_back(End());
      const CollectedStream collected = Collected(events);
      ASSERT_EQ(collected.texts.at("0.tool_calls[1].function.arguments"), kWant) << i << " " << j;
      ASSERT_EQ(collected.texts.at("0.tool_calls[1].id"), "call_1");
    }
  }
  EXPECT_EQ(service_.deltas[0].role(), "tool_arguments");
  EXPECT_EQ(service_.deltas[0].path(),
            "$.choices[0].message.tool_calls[1].function.arguments.to[0]");
}

TEST_F(StreamMaskerTest, AWholeCallInOneEventIsNotGivenTwice) {
  const CollectedStream collected = Collected(
      {Delta(
           R"({"tool_calls":[{"index":0,"id":"call_1","function":{"name":"f","arguments":"a@b"}}]})"),
       End()});
  EXPECT_EQ(collected.texts.at("0.tool_calls[0].id"), "call_1");
  EXPECT_EQ(collected.texts.at("0.tool_calls[0].function.name"), "f");
  EXPECT_EQ(collected.texts.at("0.tool_calls[0].function.arguments"), "[EMAIL]");
}

TEST_F(StreamMaskerTest, TextsDoNotMeet) {
  const CollectedStream collected =
      Collected({Content("ann", 0) + Content("bob", 1),
                 Delta(R"({"reasoning_content":"eve","refusal":"joe"})"), Content("@x", 1),
                 Content("!", 0), Delta(R"({"x":{"y":["@z"]},"refusal":"@w"})"),
                 Delta(R"({"reasoning_content":" "})"), End(1), End(0), std::string(kDone)});
  EXPECT_EQ(collected.texts.at("0.content"), "ann!");
  EXPECT_EQ(collected.texts.at("1.content"), "[EMAIL]");
  EXPECT_EQ(collected.texts.at("0.reasoning_content"), "eve ");
  EXPECT_EQ(collected.texts.at("0.refusal"), "[EMAIL]");
  EXPECT_EQ(collected.texts.at("0.x.y[0]"), "[EMAIL]");
}

TEST_F(StreamMaskerTest, TypesOfUnknownPartsComeWhole) {
  const auto details = [](std::string_view text) {
    return Delta(fmt::format(
        R"({{"reasoning_details":[{{"type":"reasoning.text","text":"{}","index":0,"format":"v1"}}]}})",
        text));
  };
  EXPECT_EQ(Masked({details("ann"), details("@x "), End()}),
            details("") + details("[EMAIL] ") + End());
}

TEST_F(StreamMaskerTest, AnIndexBehindItsDeltaCounts) {
  const CollectedStream collected = Collected(
      {Chunk(R"({"delta":{"content":"ann"},"index":1},{"delta":{"content":"bob"},"index":0})"),
       Chunk(R"({"delta":{"content":"@x "},"index":0})"), End(0), End(1)});
  EXPECT_EQ(collected.texts.at("0.content"), "[EMAIL] ");
  EXPECT_EQ(collected.texts.at("1.content"), "ann");
}

TEST_F(StreamMaskerTest, TheRestComesBeforeTheUsageAndTheEnd) {
  const std::string usage = Chunk("", R"(,"usage":{"prompt_tokens":1})");
  EXPECT_EQ(Masked({Content("ann"), usage}), Content("") + Content("ann") + usage);
  EXPECT_EQ(Masked({Content("ann"), std::string(kDone)}),
            Content("") + Content("ann") + std::string(kDone));
}

TEST_F(StreamMaskerTest, AnEventThatIsMadeHasNothingUnjudged) {
  const std::string noted = Chunk(R"({"index":0,"delta":{"content":"ann"},"finish_reason":null})",
                                  R"(,"note":"b@c","model":"d@e")");
  const std::string masked = Masked({noted, End()});
  EXPECT_EQ(masked.find('@'), std::string::npos) << masked;
  EXPECT_NE(masked.find(R"("content":"ann")"), std::string::npos) << masked;
}

TEST_F(StreamMaskerTest, UsageInEveryChunkEndsNothing) {
  const std::string first = Chunk(R"({"index":0,"delta":{"content":"ann"},"finish_reason":null})",
                                  R"(,"usage":{"total_tokens":1})");
  const CollectedStream collected = Collected({first, Content("@x"), End()});
  EXPECT_EQ(collected.texts.at("0.content"), "[EMAIL]");
}

TEST_F(StreamMaskerTest, TheEndInTheLastDeltaLetsItGo) {
  EXPECT_EQ(Masked({Content("to "),
                    Chunk(R"({"index":0,"delta":{"content":"ann@x"},"finish_reason":"stop"})")}),
            Content("to ") +
                Chunk(R"({"index":0,"delta":{"content":"[EMAIL]"},"finish_reason":"stop"})"));
}

TEST_F(StreamMaskerTest, AnEmptyFinishReasonIsNone) {
  const CollectedStream collected =
      Collected({Chunk(R"({"index":0,"delta":{"content":"ann"},"finish_reason":""})"),
                 Chunk(R"({"index":0,"delta":{"content":"@x"},"finish_reason":"stop"})")});
  EXPECT_EQ(collected.texts.at("0.content"), "[EMAIL]");
}

TEST_F(StreamMaskerTest, LogprobsAndCommentsDoNotPass) {
  EXPECT_EQ(
      Masked(
          {": ann@x\nid: ann@x\n" +
               Chunk(
                   R"({"index":0,"delta":{"content":"a "},"logprobs":{"content":[{"token":"a@b"}]}})"),
           ": ann@x\n\n"}),
      Chunk(R"({"index":0,"delta":{"content":"a "},"logprobs":null})") + ":\n\n");
}

TEST_F(StreamMaskerTest, AnEventWithoutItsEmptyLineGetsIt) {
  std::string cut = Content("a ");
  cut.resize(cut.size() - 2);
  EXPECT_EQ(Masked({cut, "data:", std::string(kDone)}),
            Content("a ") + "data: \n\n" + std::string(kDone));
}

TEST_F(StreamMaskerTest, UnknownStringsOfAnEventAreJudged) {
  EXPECT_EQ(
      Masked({Chunk(
          "", R"(,"note":"by ann@x","error":{"message":"b@c"}, "system_fingerprint":"d@e")")}),
      Chunk(
          "",
          R"(,"note":"by [EMAIL]","error":{"message":"[EMAIL]"}, "system_fingerprint":"[EMAIL]")"));
}

TEST_F(StreamMaskerTest, WhatComesWithEveryEventIsAskedOnce) {
  StreamMasker masker = New();
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(Feed(masker, Chunk("", R"(,"note":"some words","more":["a","b"])")), IsOk());
  }
  // And all of it by one call.
  EXPECT_EQ(service_.delta_calls, 0);
  ASSERT_EQ(service_.asked.size(), 1U);
  EXPECT_EQ(service_.asked[0].parts_size(), 3);
  EXPECT_EQ(service_.asked[0].parts(1).path(), "$.more[0]");
  EXPECT_EQ(service_.asked[0].direction(), guardrails::v1::DIRECTION_RESPONSE);
}

TEST_F(StreamMaskerTest, WhatIsNoAnswerBlocksAndFailsLikewise) {
  StreamMasker masker = New();
  EXPECT_THAT(Feed(masker, Chunk("", R"(,"note":"forbidden")")),
              StatusIs(absl::StatusCode::kPermissionDenied, _));
  service_.failure = status::Unavailable("out");
  StreamMasker closed = New();
  EXPECT_THAT(Feed(closed, Chunk("", R"(,"note":"b@c")")),
              StatusIs(absl::StatusCode::kUnavailable, _));
  StreamMasker open = New(Kind::kChat, true);
  const auto fed = Feed(open, Chunk("", R"(,"note":"b@c")"));
  ASSERT_THAT(fed, IsOk());
  EXPECT_EQ(*fed, Chunk("", R"(,"note":"b@c")"));
  EXPECT_TRUE(open.unasked());
}

TEST_F(StreamMaskerTest, FindingsAreHandedOut) {
  StreamMasker masker = New();
  EXPECT_THAT(Feed(masker, Content("forbidden ")),
              StatusIs(absl::StatusCode::kPermissionDenied, _));
  EXPECT_EQ(masker.TakeFindings().size(), 2U);
  service_.notes_addresses = true;
  StreamMasker other = New();
  ASSERT_THAT(Feed(other, Content("a@b c@d ")), IsOk());
  EXPECT_EQ(other.TakeFindings().size(), 2U);
  EXPECT_TRUE(other.TakeFindings().empty());
}

TEST_F(StreamMaskerTest, DeltasOfOneRoundAreOneQuestion) {
  EXPECT_EQ(Masked({Content("to ann") + Content("@x") + Content(" and ")}),
            Content("") + Content("") + Content("to [EMAIL] and "));
  EXPECT_EQ(service_.delta_calls, 1);
  EXPECT_EQ(service_.deltas[0].organization(), "acme");
  EXPECT_EQ(service_.deltas[0].policies(0), "both");
  EXPECT_EQ(service_.deltas[0].path(), "$.choices[0].message.content");
  EXPECT_EQ(service_.deltas[0].role(), "assistant");
  EXPECT_EQ(service_.deltas[0].numbers_taken().at("EMAIL"), 2U);
}

TEST_F(StreamMaskerTest, HalvesOfACharacterMeet) {
  const CollectedStream collected =
      Collected({Delta(R"({"content":"a\\\ud83d"})"), Delta(R"({"content":"\ude00 b"})"),
                 Delta(R"({"content":"\ud83d"})"), End()});
  EXPECT_EQ(collected.texts.at("0.content"), "a\\😀 b\xEF\xBF\xBD");
}

TEST_F(StreamMaskerTest, CompletionsAndLineEnds) {
  const std::string in =
      "data:{\"choices\":[{\"index\":0,\"text\":\"ann\",\"logprobs\":null}]}\r\n\r\n"
      "data: {\"choices\":[\ndata: {\"index\":0,\"text\":\"@x \",\"finish_reason\":\"stop\"}]}\r\r";
  EXPECT_EQ(
      Masked({in}),
      "data: {\"choices\":[{\"index\":0,\"text\":\"\",\"logprobs\":null}]}\n\n"
      "data: {\"choices\":[ {\"index\":0,\"text\":\"[EMAIL] \",\"finish_reason\":\"stop\"}]}\n\n");
  EXPECT_EQ(service_.deltas[0].path(), "$.choices[0].text");
}

TEST_F(StreamMaskerTest, RoundsDoNotMatter) {
  std::minstd_rand random(7);
  std::vector<std::string> events;
  std::string text;
  for (int i = 0; i < 300; ++i) {
    constexpr std::string_view kWords[] = {"ann", "@", "x.test", " ", ", ", "word", "\"", "é"};
    const std::string_view word = kWords[random() / 7 % 8];
    text += word;
    events.push_back(Content(word));
  }
  events.push_back(End());
  const std::string want = FakeGuardrails::Masked(text);
  for (int i = 0; i < 50; ++i) {
    std::vector<std::string> rounds(1);
    for (const std::string& each : events) {
      if (random() / 7 % 4 == 0) rounds.emplace_back();
      rounds.back() += each;
    }
    EXPECT_EQ(Collected(rounds).texts.at("0.content"), want);
  }
}

TEST_F(StreamMaskerTest, ABlockEndsIt) {
  StreamMasker masker = New();
  ASSERT_THAT(Feed(masker, Content("a forbid")), IsOk());
  const auto fed = Feed(masker, Content("den word"));
  ASSERT_THAT(fed, StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("this answer")));
  const auto denial = status::Detail<common::v1::PolicyDenial>(fed.status());
  ASSERT_TRUE(denial);
  EXPECT_EQ(denial->rule(), "no forbidden ones");
}

TEST_F(StreamMaskerTest, WhereNobodyCanBeAskedNothingGoes) {
  service_.failure = status::Internal("ann@x");
  StreamMasker masker = New();
  EXPECT_THAT(Feed(masker, Content("ann@x ")),
              StatusIs(absl::StatusCode::kUnavailable, Not(HasSubstr("ann@"))));
}

TEST_F(StreamMaskerTest, WhereAllLetGoATextGoesOfWhichNothingIsHeldBack) {
  service_.failure = status::Unavailable("out");
  StreamMasker masker = New(Kind::kChat, true);
  const auto fed = Feed(masker, Content("ann@x "));
  ASSERT_THAT(fed, IsOk());
  EXPECT_EQ(*fed, Content("ann@x "));
  EXPECT_TRUE(masker.unasked());
  ASSERT_THAT(Feed(masker, Content("ann@x ")), IsOk());
  EXPECT_EQ(service_.delta_calls, 1);

  service_.delta_calls = 0;
  service_.good_deltas = 1;
  StreamMasker begun = New(Kind::kChat, true);
  ASSERT_THAT(Feed(begun, Content("ann")), IsOk());
  EXPECT_THAT(Feed(begun, Content("@x")), StatusIs(absl::StatusCode::kUnavailable, _));
}

struct BrokenCase {
  std::string_view name;
  std::string events;
};
class BrokenStreamTest : public StreamMaskerTest,
                         public ::testing::WithParamInterface<BrokenCase> {};

TEST_P(BrokenStreamTest, IsAnErrorWithoutAWordOfIt) {
  StreamMasker masker = New();
  EXPECT_THAT(Feed(masker, GetParam().events),
              StatusIs(absl::StatusCode::kDataLoss, Not(HasSubstr("secret"))));
}
std::string ManyChoices() {
  std::string events;
  for (int i = 0; i < 257; ++i) events += Content("secret", i);
  return events;
}
INSTANTIATE_TEST_SUITE_P(
    Events, BrokenStreamTest,
    ::testing::ValuesIn<BrokenCase>({
        {"NoJson", "data: secret\n\n"},
        {"Cut", "data: {\"secret\n\n"},
        {"NoUtf8", "data: {\"secret\":\"\xff\"}\n\n"},
        {"NegativeIndex", Content("secret", -1)},
        {"HugeIndex", Content("secret", 10'000)},
        {"ManyTexts", ManyChoices()},
        {"LongNames", Delta("{\"" + std::string(9000, 's') + "\":\"secret\"}")},
        {"MuchBesideTheChoices", Chunk(R"({"index":0,"delta":{"content":"secret"}})",
                                       ",\"" + std::string(9000, 'x') + "\":1")},
    }),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::edge
