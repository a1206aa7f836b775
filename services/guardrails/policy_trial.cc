#include "services/guardrails/policy_trial.h"

#include <string>
#include <vector>

#include "common/status/bad_fields.h"
#include "services/guardrails/inspection.h"
#include "services/guardrails/masking.h"
#include "services/guardrails/policy_rules.h"

namespace weir::guardrails {
namespace {

constexpr size_t kMostBytes = 64 * 1024;
constexpr std::string_view kUnnamed = "unnamed";

// The policy that the request brings; it need not say whose it is nor have a name.
v1::GuardrailPolicy Brought(const v1::TestGuardrailsRequest& request) {
  v1::GuardrailPolicy policy = request.policy();
  if (policy.organization().empty()) policy.set_organization(request.organization());
  if (policy.name().empty()) policy.set_name(std::string(kUnnamed));
  return policy;
}

absl::Status Check(const v1::TestGuardrailsRequest& request) {
  status::BadFields bad;
  CheckOrganization("organization", request.organization(), bad);
  if (request.policies().empty() && !request.has_policy()) {
    bad.Add("policies", "has no name, want one or a policy");
  }
  if (request.has_policy()) {
    const v1::GuardrailPolicy policy = Brought(request);
    CheckPolicy(policy, bad);
    if (policy.organization() != request.organization()) {
      bad.Add("policy.organization", "is not the request's organisation");
    }
  }
  size_t bytes = 0;
  for (const v1::Part& each : request.parts()) bytes += each.text().size();
  if (bytes > kMostBytes) bad.Add("parts", "have {} bytes, want at most {}", bytes, kMostBytes);
  if (!v1::Direction_IsValid(request.direction())) bad.Add("direction", "is unknown");
  return bad.ToStatus();
}

// The parts as they would go.
void AddRewritten(const v1::InspectRequest& request, const v1::InspectResponse& judged,
                  v1::TestGuardrailsResponse& response) {
  std::vector<std::vector<TextEdit>> edits(static_cast<size_t>(request.parts_size()));
  for (const v1::Edit& each : judged.edits()) {
    edits[each.part()].push_back({.offset = each.offset(),
                                  .length = each.length(),
                                  .replacement = {.text = each.replacement()}});
  }
  for (int i = 0; i < request.parts_size(); ++i) {
    v1::Part& part = *response.add_parts();
    part = request.parts(i);
    part.set_text(Apply(request.parts(i).text(), edits[static_cast<size_t>(i)]));
  }
}

}  // namespace

absl::StatusOr<v1::TestGuardrailsResponse> TryPolicies(const v1::TestGuardrailsRequest& request,
                                                       const CompiledPolicies& policies,
                                                       const crypto::Hmac& key) {
  WEIR_RETURN_IF_ERROR(Check(request));
  WEIR_ASSIGN_OR_RETURN(CompiledPolicyList tried,
                        policies.Find(request.organization(), request.policies()));
  PatternPool patterns;
  if (request.has_policy()) {
    tried.push_back(CompilePolicy(Brought(request), patterns));
    if (!tried.back()->fault.empty()) return status::InvalidArgument("{}", tried.back()->fault);
  }
  v1::InspectRequest judged;
  judged.set_organization(request.organization());
  judged.set_direction(request.direction() == v1::DIRECTION_UNSPECIFIED ? v1::DIRECTION_REQUEST
                                                                        : request.direction());
  *judged.mutable_parts() = request.parts();
  PolicyUnion together(std::move(tried));
  WEIR_ASSIGN_OR_RETURN(Inspected inspected, InspectParts(judged, together, key));
  v1::TestGuardrailsResponse response;
  response.set_verdict(inspected.response.verdict());
  if (response.verdict() != v1::VERDICT_BLOCK) AddRewritten(judged, inspected.response, response);
  response.mutable_findings()->Swap(inspected.response.mutable_findings());
  return response;
}

}  // namespace weir::guardrails
