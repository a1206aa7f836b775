#include "edge/dialects/texts/stream_restorer.h"

#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"
#include "common/text/json_escape.h"
#include "edge/testing/collected_stream.h"

namespace weir::edge::texts {
namespace {

using ::testing::_;
using testing::CollectedStream;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;
using Kind = StreamRewriter::Kind;

std::string Event(std::string_view delta, std::string_view finish = "null") {
  return fmt::format(
      "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{},\"finish_reason\":{}}}]}}\n\n",
      delta, finish);
}
std::string Content(std::string_view text) {
  std::string delta = "{\"content\":";
  text::AppendJsonString(delta, text);
  return Event(delta + "}");
}
std::string Arguments(std::string_view json) {
  std::string delta = R"({"tool_calls":[{"index":0,"function":{"arguments":)";
  text::AppendJsonString(delta, json);
  return Event(delta + "}}]}");
}

class StreamRestorerTest : public ::testing::Test {
 protected:
  StreamRestorerTest() {
    values_.Add("[[EMAIL-1]]", "ann\"@x.test");
    values_.Add("[[SECRET-1]]", "[[EMAIL-1]]");
  }
  CollectedStream Restored(const std::vector<std::string>& rounds, bool finishes = false) {
    StreamRestorer restorer(Kind::kChat, values_);
    CollectedStream collected;
    for (const std::string& each : rounds) {
      const auto fed = restorer.Feed(each);
      EXPECT_THAT(fed, IsOk());
      if (fed.ok()) collected.Add(*fed);
    }
    if (finishes) collected.Add(*restorer.Finish());
    return collected;
  }
  text::PlaceholderMap values_;
};

TEST_F(StreamRestorerTest, EverySplitGivesTheValues) {
  constexpr std::string_view kText = "a [[EMAIL-1]], [email_1] [[EMAIL-2]] [[SECRET-1]]";
  for (size_t i = 0; i <= kText.size(); ++i) {
    for (size_t j = i; j <= kText.size(); ++j) {
      const CollectedStream collected =
          Restored({Content(kText.substr(0, i)), Content(kText.substr(i, j - i)),
                    Content(kText.substr(j)), Event("{}", "\"stop\"")});
      ASSERT_EQ(collected.texts.at("0.content"),
                "a ann\"@x.test, ann\"@x.test [[EMAIL-2]] [[EMAIL-1]]")
          << i << " " << j;
    }
  }
}

TEST_F(StreamRestorerTest, ValuesInArgumentsAreEscapedTwice) {
  constexpr std::string_view kJson = R"({"to":"[[EMAIL-1]]","n":"\u005b[EMAIL-1]]"})";
  for (size_t i = 0; i <= kJson.size(); ++i) {
    const CollectedStream collected = Restored(
        {Arguments(kJson.substr(0, i)), Arguments(kJson.substr(i)), Event("{}", "\"tool_calls\"")});
    ASSERT_EQ(collected.texts.at("0.tool_calls[0].function.arguments"),
              R"({"to":"ann\"@x.test","n":"ann\"@x.test"})");
  }
}

TEST_F(StreamRestorerTest, WhatHasNoPlaceholderGoesAsItCame) {
  StreamRestorer restorer(Kind::kChat, values_);
  const std::string events =
      ": hello\n\n" + Content("a b [c]") +
      "id: 1\ndata: "
      "{\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":{\"tokens\":[\"a\"]}}]}\n\n";
  EXPECT_EQ(restorer.Feed(events).value(), events);
}

TEST_F(StreamRestorerTest, OtherLinesOfAChangedEventStay) {
  StreamRestorer restorer(Kind::kChat, values_);
  EXPECT_EQ(restorer.Feed(": hello\nid: 1\n" + Content("[[SECRET-1]] ")).value(),
            ": hello\nid: 1\n" + Content("[[EMAIL-1]] "));
}

TEST_F(StreamRestorerTest, WhatIsLeftComesAtTheEnd) {
  EXPECT_EQ(Restored({Content("[[EMAIL-")}).texts.at("0.content"), "");
  EXPECT_EQ(Restored({Content("[[EMAIL-")}, true).texts.at("0.content"), "[[EMAIL-");
}

TEST_F(StreamRestorerTest, NoJsonIsAnError) {
  StreamRestorer restorer(Kind::kChat, values_);
  EXPECT_THAT(restorer.Feed("data: {\n\n"), StatusIs(absl::StatusCode::kDataLoss, _));
}

}  // namespace
}  // namespace weir::edge::texts
