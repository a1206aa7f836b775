#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apps/apply/document.h"
#include "apps/apply/fault_book.h"
#include "apps/apply/secret_source.h"

namespace weir::apply {

// One document, turned into the admin request that puts it. Holds secrets in the clear: never print
// `request`.
struct PlannedPut {
  std::string kind;
  std::string organization;  // Empty for an Organization.
  std::string name;
  std::string where;        // "limits.yaml:3".
  std::string_view method;  // "weir.quota.v1.QuotaAdminService/PutLimit".
  std::unique_ptr<google::protobuf::Message> request;
};

// Puts in the order in which references resolve: organisations, teams, users, guardrail policies,
// limits, providers, models, proxies, keys.
using Plan = std::vector<PlannedPut>;

// Turns documents into a plan, without asking any service; `default_organization` is for those that
// name none. What is wrong is added to `faults` (values of secrets are never in it); the plan is
// only good where there is nothing.
Plan MakePlan(const std::vector<Document>& documents, const SecretSource& secrets,
              std::string_view default_organization, FaultBook& faults);

}  // namespace weir::apply
