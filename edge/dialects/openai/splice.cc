#include <algorithm>

#include "common/text/json_escape.h"
#include "edge/dialects/openai/request_body.h"

namespace weir::edge::openai {
namespace {

struct Edit {
  Span at;  // Length 0 inserts.
  std::string text;
};

}  // namespace

std::string Splice(std::string_view original, const RequestBody& body, const Changes& changes) {
  std::vector<Edit> edits;
  std::string inserted;
  const auto insert = [&](std::string_view key, std::string_view value) {
    inserted.append("\"").append(key).append("\":").append(value).append(",");
  };
  if (!changes.model.empty() && changes.model != body.model) {
    std::string quoted;
    text::AppendJsonString(quoted, changes.model);
    if (body.model_at.present) {
      edits.push_back({body.model_at.value, quoted});
    } else {
      insert("model", quoted);
    }
  }
  if (changes.output_cap) {
    const std::string cap = std::to_string(*changes.output_cap);
    bool written = false;
    for (const Member* each :
         {&body.max_tokens_at, &body.max_completion_tokens_at, &body.max_output_tokens_at}) {
      if (!each->present) continue;
      edits.push_back({each->value, cap});
      written = true;
    }
    if (!written) insert(changes.cap_field, cap);
  }
  if (changes.ask_for_usage && !body.usage_asked) {
    if (body.include_usage_at.present) {
      edits.push_back({body.include_usage_at.value, "true"});
    } else if (body.stream_options_object) {
      const Span& options = body.stream_options_at.value;
      const bool empty =
          original.substr(options.offset, options.length).find('"') == std::string_view::npos;
      edits.push_back(
          {{options.offset + 1, 0}, empty ? "\"include_usage\":true" : "\"include_usage\":true,"});
    } else if (body.stream_options_at.present) {
      edits.push_back({body.stream_options_at.value, "{\"include_usage\":true}"});
    } else {
      insert("stream_options", "{\"include_usage\":true}");
    }
  }
  if (!inserted.empty()) {
    if (body.empty_object) inserted.pop_back();
    edits.push_back({{body.insert_at, 0}, inserted});
  }
  std::sort(edits.begin(), edits.end(),
            [](const Edit& a, const Edit& b) { return a.at.offset < b.at.offset; });
  std::string out;
  out.reserve(original.size() + inserted.size() + 64);
  size_t from = 0;
  for (const Edit& each : edits) {
    out.append(original.substr(from, each.at.offset - from)).append(each.text);
    from = each.at.offset + each.at.length;
  }
  out.append(original.substr(from));
  return out;
}

}  // namespace weir::edge::openai
