#include "edge/pipeline/models_list.h"

#include <algorithm>

#include "common/text/ascii.h"
#include "common/text/json_escape.h"

namespace weir::edge {
namespace {

using routing::v1::ModelEntry;

bool IsServed(const Call& call, const ModelEntry& model) {
  const identity::v1::Principal& principal = *call.principal;
  if (model.organization() != principal.organization()) return false;
  const auto& allowed = principal.allowed_models();
  if (!allowed.empty() &&
      std::find(allowed.begin(), allowed.end(), model.name()) == allowed.end()) {
    return false;
  }
  if (call.route.proxy == nullptr) return true;
  const auto& proxies = model.proxies();
  return std::find(proxies.begin(), proxies.end(), call.route.proxy->name()) != proxies.end();
}

void AppendModel(const ModelEntry& model, std::string& out) {
  out.append("{\"id\":");
  text::AppendJsonString(out, model.name());
  fmt::format_to(std::back_inserter(out),
                 ",\"object\":\"model\",\"created\":{},\"owned_by\":", model.created_at_s());
  text::AppendJsonString(out, model.owned_by());
  out.append("}");
}

int HexDigit(char c) {
  if (text::IsDigit(c)) return c - '0';
  const char lower = text::ToLower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// "org%2Fmodel", as clients write it that encode what they put into a path. A malformed encoding
// stays as it is.
std::string Decoded(std::string_view segment) {
  std::string text;
  for (size_t at = 0; at < segment.size(); ++at) {
    const bool encoded = segment[at] == '%' && at + 2 < segment.size() &&
                         HexDigit(segment[at + 1]) >= 0 && HexDigit(segment[at + 2]) >= 0;
    text.push_back(
        encoded ? static_cast<char>(HexDigit(segment[at + 1]) * 16 + HexDigit(segment[at + 2]))
                : segment[at]);
    if (encoded) at += 2;
  }
  return text;
}

}  // namespace

std::optional<std::string> ModelsBody(const Call& call) {
  const std::string wanted = Decoded(call.route.model_id);
  std::string list;
  for (const ModelEntry& each : call.routes->table->models()) {
    if (!IsServed(call, each)) continue;
    if (!wanted.empty()) {
      if (each.name() != wanted) continue;
      std::string one;
      AppendModel(each, one);
      return one;
    }
    if (!list.empty()) list.append(",");
    AppendModel(each, list);
  }
  if (!wanted.empty()) return std::nullopt;
  return "{\"object\":\"list\",\"data\":[" + list + "]}";
}

}  // namespace weir::edge
