#pragma once

#include <gtest/gtest.h>
#include <simdjson.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "edge/dialects/texts/sse_event.h"

namespace weir::edge::testing {

// What a client makes of a stream: texts put together by where they belong, "0.content",
// "0.tool_calls[1].function.arguments"; of typed events "output_text.delta msg_1".
class CollectedStream {
 public:
  void Add(std::string_view events) {
    while (!events.empty()) {
      texts::SseEvent event;
      texts::TakeSseEvent(events, event);
      if (!event.data) continue;
      ++events_;
      if (*event.data == "[DONE]") {
        done = true;
        continue;
      }
      simdjson::dom::element root;
      const std::string json(*event.data);
      ASSERT_EQ(parser_.parse(json).get(root), simdjson::SUCCESS) << json;
      ASSERT_FALSE(done) << json;
      std::string_view type;
      if (root["type"].get(type) == simdjson::SUCCESS) {
        AddTyped(root, type, event.name);
      } else {
        AddChat(root);
      }
    }
  }

  std::map<std::string, std::string> texts;
  std::map<std::string, std::string> finish_reasons;  // By choice.
  std::vector<std::string> types;
  bool done = false;
  int events() const { return events_; }

 private:
  void AddChat(simdjson::dom::element root) {
    simdjson::dom::array choices;
    if (root["choices"].get(choices) != simdjson::SUCCESS) return;
    for (const simdjson::dom::element choice : choices) {
      uint64_t index = 0;
      ASSERT_EQ(choice["index"].get(index), simdjson::SUCCESS);
      const std::string name = std::to_string(index);
      ASSERT_EQ(finish_reasons.count(name), 0U) << "more behind the end of choice " << index;
      simdjson::dom::element delta;
      if (choice["delta"].get(delta) == simdjson::SUCCESS) Collect(name, delta);
      std::string_view text;
      if (choice["text"].get(text) == simdjson::SUCCESS) texts[name + ".text"] += text;
      if (choice["finish_reason"].get(text) != simdjson::SUCCESS || text.empty()) continue;
      finish_reasons[name] = text;
    }
  }
  void Collect(const std::string& name, simdjson::dom::element value) {
    std::string_view text;
    simdjson::dom::object object;
    simdjson::dom::array array;
    if (value.get(text) == simdjson::SUCCESS) {
      texts[name] += text;
    } else if (value.get(object) == simdjson::SUCCESS) {
      for (const auto member : object) {
        Collect(name + "." + std::string(member.key), member.value);
      }
    } else if (value.get(array) == simdjson::SUCCESS) {
      for (const simdjson::dom::element each : array) {
        uint64_t index = 0;
        std::ignore = each["index"].get(index);
        Collect(name + "[" + std::to_string(index) + "]", each);
      }
    }
  }
  void AddTyped(simdjson::dom::element root, std::string_view type, std::string_view name) {
    ASSERT_EQ(name, type);
    types.emplace_back(type);
    int64_t sequence = -1;
    ASSERT_EQ(root["sequence_number"].get(sequence), simdjson::SUCCESS);
    ASSERT_EQ(sequence, next_sequence_++);
    std::string_view item, text;
    std::ignore = root["item_id"].get(item);
    const std::string key = std::string(type) + " " + std::string(item);
    for (const char* field : {"delta", "text", "arguments"}) {
      if (root[field].get(text) == simdjson::SUCCESS) texts[key] += text;
    }
    if (root.at_pointer("/item/content/0/text").get(text) == simdjson::SUCCESS) texts[key] += text;
    if (root.at_pointer("/response/output/0/content/0/text").get(text) == simdjson::SUCCESS) {
      texts[key] += text;
    }
    if (root.at_pointer("/item/arguments").get(text) == simdjson::SUCCESS) texts[key] += text;
  }

  simdjson::dom::parser parser_;
  int64_t next_sequence_ = 0;
  int events_ = 0;
};

}  // namespace weir::edge::testing
