#include "services/guardrails/guardrails_server.h"

namespace weir::guardrails {
namespace {

constexpr std::string_view kService = "weir.guardrails.v1.GuardrailsAdminService";

// One method of the service, by the method of GuardrailsAdmin that has its name.
template <typename Req, typename Resp>
void Add(rpc::AdminRegistry& registry, GuardrailsAdmin& admin, std::string_view method,
         absl::StatusOr<Resp> (GuardrailsAdmin::*handler)(const api::AdminCall&, const Req&)) {
  registry.Add<Req, Resp>(kService, method,
                          [&admin, handler](const api::AdminCall& call, const Req& request) {
                            return (admin.*handler)(call, request);
                          });
}

}  // namespace

void RegisterGuardrailsAdmin(rpc::AdminRegistry& registry, GuardrailsAdmin& admin) {
  Add(registry, admin, "PutGuardrailPolicy", &GuardrailsAdmin::PutGuardrailPolicy);
  Add(registry, admin, "ListGuardrailPolicies", &GuardrailsAdmin::ListGuardrailPolicies);
  Add(registry, admin, "DeleteGuardrailPolicy", &GuardrailsAdmin::DeleteGuardrailPolicy);
  Add(registry, admin, "TestGuardrails", &GuardrailsAdmin::TestGuardrails);
}

void RegisterGuardrails(rpc::ServiceRegistry& registry, api::Guardrails& guardrails) {
  registry.Add("Inspect", guardrails, &api::Guardrails::Inspect);
  registry.Add("InspectDelta", guardrails, &api::Guardrails::InspectDelta);
  registry.AddStream<v1::WatchRequest, api::GuardrailsEvent>(
      "Watch", [&guardrails](v1::WatchRequest request, asio::any_io_executor executor) {
        return guardrails.Watch(std::move(request), std::move(executor));
      });
}

}  // namespace weir::guardrails
