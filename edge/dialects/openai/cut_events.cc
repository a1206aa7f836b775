#include "edge/dialects/openai/cut_events.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <iterator>

#include "common/text/json_escape.h"
#include "edge/dialects/openai/answer_usage.h"

namespace weir::edge::openai {
namespace {

namespace dom = simdjson::dom;

// `n` is bounded by what providers take; a request that names more gets no more finishes.
constexpr int64_t kMostChoices = 128;

void AppendText(dom::element root, std::string_view key, std::string& out) {
  std::string_view value;
  if (root[key].get(value) != simdjson::SUCCESS) return;
  fmt::format_to(std::back_inserter(out), "\"{}\":", key);
  text::AppendJsonString(out, value);
  out.append(",");
}

// The members that all chunks of a stream share, each with a comma behind it.
std::string Shared(std::string_view event) {
  std::string shared = "\"object\":\"chat.completion.chunk\",";
  const size_t begin = event.find('{');
  if (begin == std::string_view::npos) return shared;
  std::string_view json = event.substr(begin);
  json = json.substr(0, json.rfind('}') + 1);
  dom::parser parser;
  dom::element root;
  if (parser.parse(json.data(), json.size(), true).get(root) != simdjson::SUCCESS) return shared;
  AppendText(root, "id", shared);
  AppendText(root, "model", shared);
  if (int64_t created = 0; root["created"].get(created) == simdjson::SUCCESS) {
    fmt::format_to(std::back_inserter(shared), "\"created\":{},", created);
  }
  return shared;
}

}  // namespace

std::string CutEvents(std::string_view event, int64_t choices,
                      const std::optional<common::v1::Usage>& usage) {
  const std::string shared = Shared(event);
  std::string out = "data: {" + shared + "\"choices\":[";
  for (int64_t i = 0; i < std::min(choices, kMostChoices); ++i) {
    fmt::format_to(std::back_inserter(out),
                   "{}{{\"index\":{},\"delta\":{{}},\"finish_reason\":\"length\"}}",
                   i > 0 ? "," : "", i);
  }
  out.append("]}\n\n");
  if (!usage) return out;
  const int64_t output = OutputTokens(*usage);
  const int64_t total = TotalTokens(*usage);
  fmt::format_to(std::back_inserter(out),
                 "data: {{{}\"choices\":[],\"usage\":{{\"prompt_tokens\":{},"
                 "\"completion_tokens\":{},\"total_tokens\":{}}}}}\n\n",
                 shared, total - output, output, total);
  return out;
}

}  // namespace weir::edge::openai
