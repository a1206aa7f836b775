#include "edge/caching/replay_response.h"

#include <fmt/format.h>

#include <iterator>

#include "common/text/json_escape.h"
#include "edge/caching/text_pieces.h"

namespace weir::edge {
namespace {

namespace dom = simdjson::dom;

std::string_view TextOf(dom::element object, std::string_view key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) return {};
  return text;
}

void AppendMember(std::string_view key, std::string_view text, std::string& out) {
  fmt::format_to(std::back_inserter(out), ",\"{}\":", key);
  text::AppendJsonString(out, text);
}

// Where an event's text belongs.
struct Place {
  std::string_view item_id;
  size_t output_index = 0;
  std::string_view index_key = "content_index";
  size_t index = 0;

  std::string Json() const {
    std::string out;
    AppendMember("item_id", item_id, out);
    fmt::format_to(std::back_inserter(out), R"(,"output_index":{},"{}":{})", output_index,
                   index_key, index);
    return out;
  }
};

// An item as it is announced: without what comes piece by piece.
std::string Begun(dom::object item) {
  std::string out = "{";
  for (const auto each : item) {
    if (each.key == "encrypted_content") continue;
    if (out.size() > 1) out.push_back(',');
    text::AppendJsonString(out, each.key);
    out.push_back(':');
    if (each.key == "status") {
      out.append("\"in_progress\"");
    } else if (each.key == "content" || each.key == "summary") {
      out.append("[]");
    } else {
      out.append(simdjson::minify(each.value));
    }
  }
  return out.append("}");
}

// A content part with its text yet to come.
std::string BegunPart(std::string_view text_key, std::string_view type) {
  if (type == "output_text")
    return R"({"type":"output_text","annotations":[],"logprobs":[],"text":""})";
  return fmt::format(R"({{"type":"{}","{}":""}})", type, text_key);
}

class Events {
 public:
  // `members` begin with a comma.
  void Add(std::string_view type, std::string_view members) {
    events_.push_back(
        fmt::format("event: {}\ndata: {{\"type\":\"{}\",\"sequence_number\":{}{}}}\n\n", type, type,
                    events_.size(), members));
  }
  void AddResponse(std::string_view type, std::string_view response) {
    Add(type, fmt::format(",\"response\":{}", response));
  }
  void AddItem(std::string_view type, size_t index, std::string_view item) {
    Add(type, fmt::format(R"(,"output_index":{},"item":{})", index, item));
  }
  std::vector<std::string> Take() && { return std::move(events_); }

 private:
  std::vector<std::string> events_;
};

// How the events of a kind of part are called.
struct PartNames {
  std::string_view part;      // "response.content_part"
  std::string_view text;      // "response.output_text"
  std::string_view text_key;  // "text"
  std::string_view type;      // "output_text"
  std::string_view extra;     // What else its text's events have.
};

void AddPart(dom::element part, const PartNames& names, const Place& place, Events& events) {
  const std::string at = place.Json();
  const std::string_view text = TextOf(part, names.text_key);
  const auto name = [](std::string_view of, std::string_view what) {
    return fmt::format("{}.{}", of, what);
  };
  events.Add(name(names.part, "added"),
             fmt::format(R"({},"part":{})", at, BegunPart(names.text_key, names.type)));
  for (const std::string_view each : TextPieces(text)) {
    std::string members = at;
    AppendMember("delta", each, members);
    events.Add(name(names.text, "delta"), members.append(names.extra));
  }
  std::string members = at;
  AppendMember(names.text_key, text, members);
  events.Add(name(names.text, "done"), members.append(names.extra));
  events.Add(name(names.part, "done"), fmt::format(R"({},"part":{})", at, simdjson::minify(part)));
}

void AddContent(dom::element item, Place place, Events& events) {
  dom::array parts;
  if (item["content"].get(parts) != simdjson::SUCCESS) return;
  for (const dom::element part : parts) {
    const bool refuses = TextOf(part, "type") == "refusal";
    AddPart(part,
            refuses
                ? PartNames{"response.content_part", "response.refusal", "refusal", "refusal", ""}
                : PartNames{"response.content_part", "response.output_text", "text", "output_text",
                            R"(,"logprobs":[])"},
            place, events);
    ++place.index;
  }
}

void AddSummary(dom::element item, Place place, Events& events) {
  dom::array parts;
  if (item["summary"].get(parts) != simdjson::SUCCESS) return;
  place.index_key = "summary_index";
  for (const dom::element part : parts) {
    AddPart(part,
            {"response.reasoning_summary_part", "response.reasoning_summary_text", "text",
             "summary_text", ""},
            place, events);
    ++place.index;
  }
}

void AddOutput(dom::array output, Events& events) {
  size_t index = 0;
  for (const dom::element item : output) {
    dom::object members;
    if (item.get(members) != simdjson::SUCCESS) continue;
    const Place place{.item_id = TextOf(item, "id"), .output_index = index};
    events.AddItem("response.output_item.added", index, Begun(members));
    if (TextOf(item, "type") == "message") {
      AddContent(item, place, events);
    } else {
      AddSummary(item, place, events);
    }
    events.AddItem("response.output_item.done", index, simdjson::minify(item));
    ++index;
  }
}

}  // namespace

std::vector<std::string> ResponseStream(dom::object response, const ResponseRetelling& retelling) {
  const ResponseMembers told = Retell(response, retelling);
  const std::string begun = told.Write("\"in_progress\"", "[]", "null");
  Events events;
  events.AddResponse("response.created", begun);
  events.AddResponse("response.in_progress", begun);
  dom::array output;
  if (response["output"].get(output) == simdjson::SUCCESS) AddOutput(output, events);
  events.AddResponse("response.completed", told.Write());
  return std::move(events).Take();
}

}  // namespace weir::edge
