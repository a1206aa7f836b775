#include "edge/caching/chat_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "common/text/json_escape.h"

namespace weir::edge {
namespace {

namespace dom = simdjson::dom;

// Of what searched first: sources that a stream gives piece by piece, if at all.
constexpr std::string_view kSources[] = {"citations", "search_results"};

std::string_view TextOf(dom::element object, std::string_view key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) return {};
  return text;
}

std::optional<std::string_view> MaybeText(dom::element object, std::string_view key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

// False: the message has a part that is not recorded.
bool ReadMessage(dom::object message, ChatAnswer& answer) {
  for (const auto member : message) {
    std::string_view text;
    const bool is_text = member.value.get(text) == simdjson::SUCCESS;
    if (member.key == "role") {
      if (text != "assistant") return false;
    } else if (is_text && member.key == "content") {
      answer.content = text;
    } else if (is_text && member.key == "refusal") {
      answer.refusal = text;
    } else if (is_text && member.key == "reasoning_content") {
      answer.reasoning_content = text;
    } else if (is_text && member.key == "reasoning") {
      answer.reasoning = text;
    } else if (!SaysNothing(member.value)) {
      return false;
    }
  }
  // Whether a part is missing or empty, a stream does not say.
  for (auto* each :
       {&answer.content, &answer.refusal, &answer.reasoning_content, &answer.reasoning}) {
    if (*each && (*each)->empty()) each->reset();
  }
  return answer.content || answer.refusal;
}

bool ReadChoice(dom::element root, ChatAnswer& answer) {
  dom::array choices;
  if (root["choices"].get(choices) != simdjson::SUCCESS || choices.size() != 1) return false;
  const dom::element choice = choices.at(0).value_unsafe();
  if (TextOf(choice, "finish_reason") != "stop") return false;
  dom::element logprobs;
  if (choice["logprobs"].get(logprobs) == simdjson::SUCCESS && !SaysNothing(logprobs)) return false;
  dom::object message;
  return choice["message"].get(message) == simdjson::SUCCESS && ReadMessage(message, answer);
}

void AppendMember(std::string_view key, const std::optional<std::string_view>& text,
                  std::string& out) {
  if (!text) return;
  fmt::format_to(std::back_inserter(out), ",\"{}\":", key);
  text::AppendJsonString(out, *text);
}

}  // namespace

bool SaysNothing(dom::element value) {
  switch (value.type()) {
    case dom::element_type::NULL_VALUE:
      return true;
    case dom::element_type::BOOL:
      return !value.get_bool().value_unsafe();
    case dom::element_type::STRING:
      return value.get_string().value_unsafe().empty();
    case dom::element_type::ARRAY:
      return value.get_array().value_unsafe().size() == 0;
    case dom::element_type::OBJECT:
      return value.get_object().value_unsafe().size() == 0;
    default:
      return false;
  }
}

std::optional<ChatAnswer> ReadChatAnswer(dom::element root) {
  ChatAnswer answer;
  if (!root.is_object() || TextOf(root, "object") != "chat.completion") return std::nullopt;
  dom::element other;
  if (root["error"].get(other) == simdjson::SUCCESS && !SaysNothing(other)) return std::nullopt;
  for (const std::string_view each : kSources) {
    if (root[each].get(other) == simdjson::SUCCESS && !SaysNothing(other)) return std::nullopt;
  }
  if (!ReadChoice(root, answer)) return std::nullopt;
  answer.id = TextOf(root, "id");
  answer.model = TextOf(root, "model");
  answer.service_tier = MaybeText(root, "service_tier");
  answer.system_fingerprint = MaybeText(root, "system_fingerprint");
  if (root["created"].get(answer.created) != simdjson::SUCCESS) answer.created = 0;
  dom::object usage;
  if (root["usage"].get(usage) == simdjson::SUCCESS) {
    answer.usage = simdjson::minify(dom::element(root["usage"].value_unsafe()));
  }
  return answer;
}

void AppendOrigin(const ChatAnswer& answer, std::string& out) {
  out.append("\"model\":");
  text::AppendJsonString(out, answer.model);
  AppendMember("service_tier", answer.service_tier, out);
  AppendMember("system_fingerprint", answer.system_fingerprint, out);
}

std::string WriteChatAnswer(const ChatAnswer& answer) {
  std::string out = "{\"id\":";
  text::AppendJsonString(out, answer.id);
  fmt::format_to(std::back_inserter(out), R"(,"object":"chat.completion","created":{},)",
                 answer.created);
  AppendOrigin(answer, out);
  out.append(R"(,"choices":[{"index":0,"message":{"role":"assistant","content":)");
  if (answer.content) {
    text::AppendJsonString(out, *answer.content);
  } else {
    out.append("null");
  }
  out.append(",\"refusal\":");
  if (answer.refusal) {
    text::AppendJsonString(out, *answer.refusal);
  } else {
    out.append("null");
  }
  AppendMember("reasoning_content", answer.reasoning_content, out);
  AppendMember("reasoning", answer.reasoning, out);
  out.append(R"(},"logprobs":null,"finish_reason":"stop"}])");
  if (!answer.usage.empty()) out.append(",\"usage\":").append(answer.usage);
  out.push_back('}');
  return out;
}

}  // namespace weir::edge
