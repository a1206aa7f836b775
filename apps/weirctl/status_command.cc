#include "apps/weirctl/command.h"
#include "apps/weirctl/json_output.h"
#include "apps/weirctl/list_all.h"
#include "apps/weirctl/table.h"
#include "apps/weirctl/times.h"
#include "common/text/json_escape.h"
#include "grpc/health/v1/health.pb.h"
#include "weir/routing/v1/routing_admin.pb.h"

namespace weir::weirctl {
namespace {

using namespace weir::routing::v1;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

struct State {
  HealthCheckResponse health;
  ListProvidersResponse providers;
  ListModelsResponse models;
  ListProxiesResponse proxies;
  GetHealthResponse targets;
};

template <typename Req, typename Resp>
absl::Status List(const CommandContext& context, std::string_view method, Resp& all) {
  Req request;
  request.set_organization(context.organization());
  const std::string full = fmt::format("weir.routing.v1.RoutingAdminService/{}", method);
  WEIR_ASSIGN_OR_RETURN(all, (ListAll<Req, Resp>(context.client, full, request)));
  return absl::OkStatus();
}

// The first that does not serve stands for all.
absl::Status AskHealth(const CommandContext& context, HealthCheckResponse& health) {
  for (const std::string& address : context.client.addresses()) {
    WEIR_RETURN_IF_ERROR(status::While(
        context.client.CallAt(address, "grpc.health.v1.Health/Check", HealthCheckRequest(), health),
        "asking {} for its health", address));
    if (health.status() != HealthCheckResponse::SERVING) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<State> Ask(const CommandContext& context) {
  State state;
  WEIR_RETURN_IF_ERROR(AskHealth(context, state.health));
  WEIR_RETURN_IF_ERROR(List<ListProvidersRequest>(context, "ListProviders", state.providers));
  WEIR_RETURN_IF_ERROR(List<ListModelsRequest>(context, "ListModels", state.models));
  WEIR_RETURN_IF_ERROR(List<ListProxiesRequest>(context, "ListProxies", state.proxies));
  GetHealthRequest request;
  request.set_organization(context.organization());
  WEIR_RETURN_IF_ERROR(
      context.client.Call("weir.routing.v1.RoutingAdminService/GetHealth", request, state.targets));
  return state;
}

std::string HealthName(const State& state) {
  return HealthCheckResponse::ServingStatus_Name(state.health.status());
}

void PrintJson(const CommandContext& context, const State& state) {
  std::string json = "{\"address\":";
  text::AppendJsonString(json, context.arguments.address);
  json += fmt::format(",\"health\":\"{}\",\n", HealthName(state));
  json += fmt::format("\"providers\":{},\"models\":{},\"proxies\":{},\"targets\":{}}}\n",
                      ToJson(state.providers), ToJson(state.models), ToJson(state.proxies),
                      ToJson(state.targets));
  context.out() << json;
}

Table Providers(const State& state) {
  Table table({"PROVIDER", "BASE URL", "CREDENTIAL"});
  for (const Provider& each : state.providers.providers()) {
    table.Add({each.name(), each.base_url(), each.has_auth_value() ? "stored" : "none"});
  }
  return table;
}

Table Models(const State& state) {
  Table table({"MODEL", "TARGETS"});
  for (const Model& each : state.models.models()) {
    std::vector<std::string> targets;
    for (const auto& target : each.targets()) {
      const std::string& upstream = target.upstream_model();
      targets.push_back(
          fmt::format("{}/{}", target.provider(), upstream.empty() ? each.name() : upstream));
    }
    table.Add({each.name(), fmt::format("{}", fmt::join(targets, ", "))});
  }
  return table;
}

Table Proxies(const State& state) {
  Table table({"PROXY", "CONTEXT", "STATE"});
  for (const Proxy& each : state.proxies.proxies()) {
    const std::string& reason = each.degraded_reason();
    table.Add({each.name(), each.context(), reason.empty() ? "serves" : "degraded: " + reason});
  }
  return table;
}

Table Suspensions(const State& state) {
  Table table({"TARGET", "PROXY", "SUSPENDED UNTIL", "LAST FAILURE", ">IN A ROW"});
  for (const auto& each : state.targets.targets()) {
    table.Add({fmt::format("{}/{}", each.provider(), each.upstream_model()), each.proxy(),
               ShowTime(each.suspended_until()), each.last_failure(),
               std::to_string(each.consecutive_failures())});
  }
  return table;
}

void PrintTables(const CommandContext& context, const State& state) {
  context.out() << fmt::format("{} is {}\n", context.arguments.address, HealthName(state));
  for (const Table& table : {Providers(state), Models(state), Proxies(state), Suspensions(state)}) {
    if (table.empty()) continue;
    context.out() << '\n';
    table.Print(context.out());
  }
}

}  // namespace

absl::Status RunStatus(const CommandContext& context, const StatusArguments&) {
  WEIR_ASSIGN_OR_RETURN(const State state, Ask(context));
  context.json() ? PrintJson(context, state) : PrintTables(context, state);
  if (state.health.status() == HealthCheckResponse::SERVING) return absl::OkStatus();
  return status::Unavailable("{} is {}", context.arguments.address, HealthName(state));
}

}  // namespace weir::weirctl
