#include "edge/dialects/openai/cut_events.h"

#include <gtest/gtest.h>

namespace weir::edge::openai {
namespace {

constexpr std::string_view kEvent =
    "data: {\"id\":\"chatcmpl-\\\"7\",\"created\":17,\"model\":\"gpt\",\"choices\":[]}\r\n\r\n";

TEST(CutEventsTest, EachChoiceFinishesForItsLength) {
  EXPECT_EQ(
      CutEvents(kEvent, 2, std::nullopt),
      "data: {\"object\":\"chat.completion.chunk\",\"id\":\"chatcmpl-\\\"7\",\"model\":\"gpt\","
      "\"created\":17,\"choices\":["
      "{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"},"
      "{\"index\":1,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n");
}

TEST(CutEventsTest, TheUsageFollowsWhereItIsWanted) {
  common::v1::Usage usage;
  usage.set_input_uncached_tokens(10);
  usage.set_output_visible_tokens(32);
  const std::string events = CutEvents(kEvent, 1, usage);
  EXPECT_TRUE(
      events.ends_with("\"created\":17,\"choices\":[],\"usage\":{\"prompt_tokens\":10,"
                       "\"completion_tokens\":32,\"total_tokens\":42}}\n\n"))
      << events;
}

TEST(CutEventsTest, AnEventThatIsNoJsonLendsNothing) {
  for (const std::string_view event : {"", "data: no", "data: {\"id\":7}", "data: {\"id\""}) {
    EXPECT_EQ(CutEvents(event, 1, std::nullopt),
              "data: {\"object\":\"chat.completion.chunk\",\"choices\":["
              "{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n")
        << event;
  }
}

}  // namespace
}  // namespace weir::edge::openai
