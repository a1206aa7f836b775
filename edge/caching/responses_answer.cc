#include "edge/caching/responses_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/text/json_escape.h"
#include "edge/caching/chat_answer.h"

namespace weir::edge {
namespace {

namespace dom = simdjson::dom;

// What a response repeats of its request though it changes no answer.
constexpr std::array<std::string_view, 5> kAskers = {"metadata", "user", "safety_identifier",
                                                     "prompt_cache_key", "store"};

bool IsAskers(std::string_view key) {
  return std::find(kAskers.begin(), kAskers.end(), key) != kAskers.end();
}

std::string_view Unsaid(std::string_view key) { return key == "metadata" ? "{}" : "null"; }

std::string_view TextOf(dom::element object, std::string_view key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) return {};
  return text;
}

bool Says(dom::element object, std::string_view key) {
  dom::element value;
  return object[key].get(value) == simdjson::SUCCESS && !SaysNothing(value);
}

bool IsRecordablePart(dom::element part) {
  const std::string_view type = TextOf(part, "type");
  std::string_view text;
  if (type == "refusal") return part["refusal"].get(text) == simdjson::SUCCESS;
  return type == "output_text" && part["text"].get(text) == simdjson::SUCCESS &&
         !Says(part, "annotations") && !Says(part, "logprobs");
}

bool IsRecordableMessage(dom::element item) {
  dom::array parts;
  return TextOf(item, "role") == "assistant" && item["content"].get(parts) == simdjson::SUCCESS &&
         parts.size() > 0 && std::all_of(parts.begin(), parts.end(), IsRecordablePart);
}

// Every item, and a message among them.
bool IsRecordableOutput(dom::array output) {
  bool answers = false;
  for (const dom::element item : output) {
    const std::string_view type = TextOf(item, "type");
    if (type == "reasoning") continue;
    if (type != "message" || !IsRecordableMessage(item)) return false;
    answers = true;
  }
  return answers;
}

std::string Quoted(std::string_view text) {
  std::string out;
  text::AppendJsonString(out, text);
  return out;
}

// What the asker of `request` says of itself, as JSON; empty: nothing.
std::array<std::string, kAskers.size()> AskersOwn(std::string_view request) {
  static thread_local dom::parser parser;
  std::array<std::string, kAskers.size()> own;
  dom::element root;
  if (request.empty() ||
      parser.parse(request.data(), request.size(), true).get(root) != simdjson::SUCCESS) {
    return own;
  }
  for (size_t i = 0; i < kAskers.size(); ++i) {
    dom::element value;
    if (root[kAskers[i]].get(value) == simdjson::SUCCESS && !value.is_null()) {
      own[i] = simdjson::minify(value);
    }
  }
  return own;
}

}  // namespace

bool IsRecordableResponse(dom::element root) {
  dom::array output;
  return root.is_object() && TextOf(root, "object") == "response" &&
         TextOf(root, "status") == "completed" && !Says(root, "error") &&
         !Says(root, "incomplete_details") && !Says(root, "background") &&
         root["output"].get(output) == simdjson::SUCCESS && IsRecordableOutput(output);
}

std::string WriteResponseRecording(dom::object response) {
  ResponseMembers recording;
  for (const auto each : response) {
    recording.members.push_back({each.key, IsAskers(each.key) ? std::string(Unsaid(each.key))
                                                              : simdjson::minify(each.value)});
  }
  return recording.Write();
}

ResponseMembers Retell(dom::object response, const ResponseRetelling& retelling) {
  const auto own = AskersOwn(retelling.request);
  ResponseMembers told;
  for (const auto each : response) {
    const auto askers = std::find(kAskers.begin(), kAskers.end(), each.key);
    std::string json;
    if (askers != kAskers.end()) {
      json = own[static_cast<size_t>(askers - kAskers.begin())];
      if (json.empty()) json = Unsaid(each.key);
    } else if (each.key == "id") {
      json = Quoted(retelling.id);
    } else if (each.key == "created_at" || each.key == "completed_at") {
      json = fmt::to_string(retelling.created);
    } else {
      json = simdjson::minify(each.value);
    }
    told.members.push_back({each.key, std::move(json)});
  }
  return told;
}

std::string ResponseMembers::Write(std::string_view status, std::string_view output,
                                   std::string_view usage) const {
  std::string out = "{";
  for (const Member& each : members) {
    if (out.size() > 1) out.push_back(',');
    text::AppendJsonString(out, each.key);
    out.push_back(':');
    std::string_view json = each.json;
    if (each.key == "status" && !status.empty()) json = status;
    if (each.key == "output" && !output.empty()) json = output;
    if (each.key == "usage" && !usage.empty()) json = usage;
    if (each.key == "completed_at" && !status.empty()) json = "null";
    out.append(json);
  }
  out.push_back('}');
  return out;
}

}  // namespace weir::edge
