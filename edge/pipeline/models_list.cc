#include "edge/pipeline/models_list.h"

#include <algorithm>

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

}  // namespace

std::optional<std::string> ModelsBody(const Call& call) {
  std::string list;
  for (const ModelEntry& each : call.routes->table->models()) {
    if (!IsServed(call, each)) continue;
    if (!call.route.model_id.empty()) {
      if (each.name() != call.route.model_id) continue;
      std::string one;
      AppendModel(each, one);
      return one;
    }
    if (!list.empty()) list.append(",");
    AppendModel(each, list);
  }
  if (!call.route.model_id.empty()) return std::nullopt;
  return "{\"object\":\"list\",\"data\":[" + list + "]}";
}

}  // namespace weir::edge
