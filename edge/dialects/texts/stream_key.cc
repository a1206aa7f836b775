#include "edge/dialects/texts/stream_key.h"

#include <algorithm>
#include <vector>

#include "common/json/json_path.h"
#include "common/text/json_escape.h"
#include "common/text/parse.h"

namespace weir::edge::texts {
namespace {

const Outline::Node& NodeOf(const Outline& outline, int node) {
  return outline.nodes[static_cast<size_t>(node)];
}

// Names, ids and types come whole, with every delta.
bool ComesInPieces(const Outline::Node& node) {
  constexpr std::string_view kWhole[] = {"type", "id", "format", "object", "status", "signature"};
  if (node.place == Place::kText) {
    return std::find(std::begin(kWhole), std::end(kWhole), node.name) == std::end(kWhole);
  }
  return node.place == Place::kContent || node.place == Place::kArguments ||
         node.place == Place::kToolInput || node.place == Place::kChoiceText;
}

// From below `top` down to `node`.
std::vector<const Outline::Node*> WayDown(const Outline& outline, int top, int node) {
  std::vector<const Outline::Node*> way;
  for (; node != top; node = NodeOf(outline, node).parent) way.push_back(&NodeOf(outline, node));
  std::reverse(way.begin(), way.end());
  return way;
}

void AppendSteps(std::string& path, const std::vector<const Outline::Node*>& way) {
  for (const Outline::Node* each : way) {
    if (each->is_element) {
      json::AppendIndex(path, each->index);
    } else if (each->place == Place::kDelta) {
      json::AppendName(path, "message");
    } else {
      json::AppendName(path, Unescaped(each->name.substr(0, 12 * json::kLongestName)));
    }
  }
}

// A choice with this one text: {"index":0,"delta":{"tool_calls":[{"index":1,"function":{...
void SurroundChoice(const std::vector<const Outline::Node*>& way, uint64_t choice, StreamKey& key) {
  key.before = fmt::format(R"({{"index":{},)", choice);
  key.behind = R"(,"finish_reason":null})";
  std::string closing;
  for (size_t i = 0; i < way.size(); ++i) {
    const bool is_leaf = i + 1 == way.size();
    if (!way[i]->is_element) key.before.append("\"").append(way[i]->name).append("\":");
    if (is_leaf) break;
    if (way[i + 1]->is_element) {
      key.before += "[";
      closing = "]" + closing;
      continue;
    }
    key.before += way[i]->is_element ? fmt::format(R"({{"index":{},)", way[i]->index) : "{";
    closing = "}" + closing;
  }
  key.before += "\"";
  key.behind = "\"" + closing + key.behind;
}

struct TypedDelta {
  std::string_view type;    // A part of it.
  std::string_view inside;  // Of the item, "content" and "summary" with the part's number.
  std::string_view field;
  bool is_arguments = false;
  std::string_view role;
};
constexpr TypedDelta kTypedDeltas[] = {
    {"arguments", "", ".arguments", true, "tool_arguments"},
    {"tool_call_input", "", ".input", false, "tool_arguments"},
    {"refusal", ".content", ".refusal", false, "assistant"},
    {"summary", ".summary", ".text", false, "assistant"},
    {"code", "", ".code", false, "tool_arguments"},
    {"transcript", ".content", ".transcript", false, "assistant"},
    {"text", ".content", ".text", false, "assistant"},
    {"", "", ".delta", false, "assistant"},
};
const TypedDelta& TypedDeltaOf(std::string_view type) {
  return *std::find_if(
      std::begin(kTypedDeltas), std::end(kTypedDeltas),
      [type](const TypedDelta& each) { return type.find(each.type) != std::string_view::npos; });
}

}  // namespace

std::string_view MarkText(std::string_view json, const Outline& outline, Place place) {
  const Outline::Mark* const mark = outline.FindMark(place);
  if (mark == nullptr) return {};
  std::string_view text = mark->value.in(json);
  if (text.starts_with('"')) text = text.substr(1, text.size() - 2);
  return text;
}

EventText NameOfChatText(const Outline& outline, const Outline::Text& text) {
  const int choice = outline.Above(text.node, Place::kChoice);
  const Outline::Node& node = NodeOf(outline, text.node);
  if (choice < 0 || !ComesInPieces(node)) return {};
  if (node.place != Place::kChoiceText && outline.Above(text.node, Place::kDelta) < 0) return {};
  EventText named{.name = std::to_string(NodeOf(outline, choice).index)};
  AppendSteps(named.name, WayDown(outline, choice, text.node));
  return named;
}

StreamKeyPtr NewChatKey(std::string_view, const Outline& outline, const Outline::Text& text) {
  const int choice = outline.Above(text.node, Place::kChoice);
  const auto way = WayDown(outline, choice, text.node);
  auto key = std::make_shared<StreamKey>();
  key->group = NodeOf(outline, choice).index;
  key->path = fmt::format("$.choices[{}]", key->group);
  AppendSteps(key->path, way);
  key->role = text.role;
  key->is_arguments = NodeOf(outline, text.node).place == Place::kArguments;
  SurroundChoice(way, key->group, *key);
  return key;
}

EventText NameOfTypedText(std::string_view json, const Outline& outline,
                          const Outline::Text& text) {
  if (NodeOf(outline, text.node).place != Place::kEventDelta) return {};
  const std::string_view type = MarkText(json, outline, Place::kEventType);
  const bool may_be_media = type.ends_with("audio.delta") && LooksLikeMedia(text.raw.in(json));
  return {.name = fmt::format("{} {} {} {}", type, MarkText(json, outline, Place::kItemId),
                              MarkText(json, outline, Place::kOutputIndex),
                              MarkText(json, outline, Place::kPartIndex)),
          .is_media = may_be_media};
}

StreamKeyPtr NewTypedKey(std::string_view json, const Outline& outline, const Outline::Text& text) {
  auto key = std::make_shared<StreamKey>();
  const std::string_view type = MarkText(json, outline, Place::kEventType);
  const TypedDelta& delta = TypedDeltaOf(type);
  key->group = text::ParseUint64(MarkText(json, outline, Place::kOutputIndex)).value_or(0);
  key->part = MarkText(json, outline, Place::kPartIndex);
  key->path = fmt::format("$.output[{}]{}", key->group, delta.inside);
  if (!delta.inside.empty()) {
    json::AppendIndex(key->path, text::ParseUint64(key->part).value_or(0));
  }
  key->path += delta.field;
  key->role = delta.role;
  key->is_arguments = delta.is_arguments;
  key->before = "{";
  for (const Outline::Mark& each : outline.marks) {
    const Outline::Node& node = NodeOf(outline, each.node);
    const bool is_part_of_name = node.parent == 0 && each.place != Place::kSequence &&
                                 each.place != Place::kLogprobs && each.place != Place::kUsage;
    if (!is_part_of_name) continue;
    std::string_view value = each.value.in(json);
    if (value.starts_with('"')) value = value.substr(1, value.size() - 2);
    key->has_plain_name = key->has_plain_name && LooksStructural(value);
    key->before.append("\"").append(node.name).append("\":");
    key->before.append(each.value.in(json)).append(",");
  }
  key->before.append("\"").append(NodeOf(outline, text.node).name).append("\":\"");
  key->behind = type.find("output_text") != std::string_view::npos ? R"(","logprobs":[])" : "\"";
  key->event_name = type;
  return key;
}

}  // namespace weir::edge::texts
