#pragma once

#include "common/api/admin_call.h"
#include "common/async/mutex.h"
#include "common/time/clock.h"
#include "services/guardrails/config.h"
#include "services/guardrails/guardrails_service.h"
#include "services/guardrails/policy_store.h"
#include "weir/guardrails/v1/guardrails_admin.pb.h"

namespace weir::guardrails {

// Edits what may leave and come back, and tries it out. One method per RPC of
// weir.guardrails.v1.GuardrailsAdminService, whose comments are the contract; that the caller may
// is checked before. Thread-safe; every method blocks: run it on a WorkerPool.
//
// When a Put or Delete returns OK, the change is durable and GuardrailsService judges by it. Every
// method: kInvalidArgument with a BadFields detail that lists all that is wrong; kUnavailable where
// the store cannot be asked. No message ever has a text that was judged.
class GuardrailsAdmin {
 public:
  struct Deps {
    GuardrailsService& guardrails;  // All three must outlive this object.
    PolicyStore& store;             // The one that `guardrails` reads.
    const Clock& clock;
  };
  GuardrailsAdmin(GuardrailsConfig config, Deps deps) : config_(config), deps_(deps) {}

  absl::StatusOr<v1::PutGuardrailPolicyResponse> PutGuardrailPolicy(
      const api::AdminCall& call, const v1::PutGuardrailPolicyRequest& request);
  absl::StatusOr<v1::ListGuardrailPoliciesResponse> ListGuardrailPolicies(
      const api::AdminCall& call, const v1::ListGuardrailPoliciesRequest& request);
  // kNotFound: there is no such policy.
  absl::StatusOr<v1::DeleteGuardrailPolicyResponse> DeleteGuardrailPolicy(
      const api::AdminCall& call, const v1::DeleteGuardrailPolicyRequest& request);
  // kFailedPrecondition: a policy that it names is not there, or unusable.
  absl::StatusOr<v1::TestGuardrailsResponse> TestGuardrails(
      const api::AdminCall& call, const v1::TestGuardrailsRequest& request);

 private:
  absl::StatusOr<v1::PutGuardrailPolicyResponse> TryPut(
      const api::AdminCall& call, const v1::PutGuardrailPolicyRequest& request);
  absl::Status TryDelete(const api::AdminCall& call, const PolicyName& name);
  EditContext Edit(const api::AdminCall& call, const PolicyCatalog& read) const;

  const GuardrailsConfig config_;
  const Deps deps_;
  // One edit at a time in this process; other processes' edits show as kAborted, and the edit is
  // made anew.
  Mutex edit_mutex_;
};

}  // namespace weir::guardrails
