#include "services/guardrails/guardrails_admin.h"

#include <google/protobuf/util/message_differencer.h>

#include <utility>

#include "common/api/list_page.h"
#include "common/status/bad_fields.h"
#include "services/guardrails/policy_rules.h"
#include "services/guardrails/policy_trial.h"

namespace weir::guardrails {
namespace {

using google::protobuf::util::MessageDifferencer;

// Edits of other processes that may come in between before ours gives up.
constexpr int kMaxTries = 8;

const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

// Makes the edit anew where another process was faster.
template <typename Try>
auto Retrying(Try attempt) {
  auto result = attempt();
  for (int tries = 1; tries < kMaxTries; ++tries) {
    if (StatusOf(result).code() != absl::StatusCode::kAborted) break;
    result = attempt();
  }
  return result;
}

}  // namespace

EditContext GuardrailsAdmin::Edit(const api::AdminCall& call, const PolicyCatalog& read) const {
  return {.read_at = read.sequence, .actor = call.actor, .at = deps_.clock.Now()};
}

absl::StatusOr<v1::PutGuardrailPolicyResponse> GuardrailsAdmin::TryPut(
    const api::AdminCall& call, const v1::PutGuardrailPolicyRequest& request) {
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const PolicyCatalog> catalog,
                        deps_.guardrails.Refresh());
  const v1::GuardrailPolicy& policy = request.policy();
  WEIR_RETURN_IF_ERROR(CheckBounds(policy, *catalog, config_));
  const v1::GuardrailPolicy* stored = catalog->Find({policy.organization(), policy.name()});
  v1::PutGuardrailPolicyResponse response;
  *response.mutable_policy() = policy;
  response.set_changed(stored == nullptr || !MessageDifferencer::Equals(*stored, policy));
  if (!response.changed() || request.validate_only()) return response;
  WEIR_RETURN_IF_ERROR(deps_.store.Put(ToStored(policy), Edit(call, *catalog)).status());
  // The change is durable; where it cannot be read back now, the next refresh does.
  deps_.guardrails.Refresh().IgnoreError();
  return response;
}

absl::StatusOr<v1::PutGuardrailPolicyResponse> GuardrailsAdmin::PutGuardrailPolicy(
    const api::AdminCall& call, const v1::PutGuardrailPolicyRequest& request) {
  status::BadFields bad;
  CheckPolicy(request.policy(), bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  MutexLock lock(edit_mutex_);
  return Retrying([&] { return TryPut(call, request); });
}

absl::Status GuardrailsAdmin::TryDelete(const api::AdminCall& call, const PolicyName& name) {
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const PolicyCatalog> catalog,
                        deps_.guardrails.Refresh());
  WEIR_RETURN_IF_ERROR(deps_.store.Delete(name, Edit(call, *catalog)).status());
  deps_.guardrails.Refresh().IgnoreError();
  return absl::OkStatus();
}

absl::StatusOr<v1::DeleteGuardrailPolicyResponse> GuardrailsAdmin::DeleteGuardrailPolicy(
    const api::AdminCall& call, const v1::DeleteGuardrailPolicyRequest& request) {
  status::BadFields bad;
  CheckOrganization("organization", request.organization(), bad);
  CheckName("name", request.name(), bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  const PolicyName name = {.organization = request.organization(), .name = request.name()};
  MutexLock lock(edit_mutex_);
  WEIR_RETURN_IF_ERROR(Retrying([&] { return TryDelete(call, name); }));
  return v1::DeleteGuardrailPolicyResponse();
}

absl::StatusOr<v1::ListGuardrailPoliciesResponse> GuardrailsAdmin::ListGuardrailPolicies(
    const api::AdminCall&, const v1::ListGuardrailPoliciesRequest& request) {
  status::BadFields bad;
  CheckOrganization("organization", request.organization(), bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  WEIR_ASSIGN_OR_RETURN(const api::Page page,
                        api::ReadPage(request.page_size(), request.page_token()));
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const PolicyCatalog> catalog,
                        deps_.guardrails.Refresh());
  v1::ListGuardrailPoliciesResponse response;
  auto each = catalog->policies.upper_bound({request.organization(), page.after});
  for (; each != catalog->policies.end(); ++each) {
    if (each->first.organization != request.organization()) break;
    if (static_cast<size_t>(response.policies_size()) == page.size) {
      const int last = response.policies_size() - 1;
      response.set_next_page_token(api::TokenAfter(response.policies(last).name()));
      break;
    }
    *response.add_policies() = each->second;
  }
  return response;
}

absl::StatusOr<v1::TestGuardrailsResponse> GuardrailsAdmin::TestGuardrails(
    const api::AdminCall&, const v1::TestGuardrailsRequest& request) {
  // What is stored now: a policy that was just put on another replica, too.
  WEIR_RETURN_IF_ERROR(deps_.guardrails.Refresh().status());
  const std::shared_ptr<const crypto::Hmac> key = deps_.guardrails.KeyOf(request.organization());
  return TryPolicies(request, *deps_.guardrails.Policies(), *key);
}

}  // namespace weir::guardrails
