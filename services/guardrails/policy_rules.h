#pragma once

#include <string_view>

#include "common/status/bad_fields.h"
#include "services/guardrails/config.h"
#include "services/guardrails/policy_catalog.h"
#include "weir/guardrails/v1/guardrails_admin.pb.h"

namespace weir::guardrails {

// 1 to 63 of [a-z0-9-], starting with a letter.
void CheckOrganization(std::string_view path, std::string_view got, status::BadFields& bad);

// 1 to 63 of [a-z0-9-].
void CheckName(std::string_view path, std::string_view got, status::BadFields& bad);

// What is wrong with `policy` (the request's field of that name) goes to `bad`, by its path.
void CheckPolicy(const v1::GuardrailPolicy& policy, status::BadFields& bad);

// kInvalidArgument: with `policy`, which its checks have passed, its organisation would have more
// policies, expressions or phrases than `config` allows. Says which, and how many.
absl::Status CheckBounds(const v1::GuardrailPolicy& policy, const PolicyCatalog& catalog,
                         const GuardrailsConfig& config);

}  // namespace weir::guardrails
