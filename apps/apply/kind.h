#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

namespace weir::apply {

// One kind of document: which admin request it becomes.
struct Kind {
  std::string_view name;                     // "Limit".
  std::string_view method;                   // "weir.quota.v1.QuotaAdminService/PutLimit".
  const google::protobuf::Message* request;  // An empty one.
  // Field of the request that holds the object; empty: the request is the object itself.
  std::string_view object_field;
  // Field of the object whose value is secret; empty: none.
  std::string_view secret_field;
  bool of_organization = true;  // It belongs to one.
};

// In the order in which they are applied, so that whatever is named exists: Organization, Team,
// User, GuardrailPolicy, Limit, Provider, Model, Proxy, Key.
const std::vector<Kind>& Kinds();

// Null where there is none of this name.
const Kind* FindKind(std::string_view name);

// The object inside a request of `kind`.
google::protobuf::Message* MutableObject(const Kind& kind, google::protobuf::Message& request);

}  // namespace weir::apply
