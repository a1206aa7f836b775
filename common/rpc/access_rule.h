#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "common/api/admin_call.h"
#include "common/status/status.h"

namespace weir::rpc {

// Who may call one admin method: its `weir.common.v1.access` option, and where its request names
// the organisation.
struct AccessRule {
  // ROLE_UNSPECIFIED: the method carries no rule, and nobody may call it.
  weir::common::v1::Role role = weir::common::v1::ROLE_UNSPECIFIED;
  // Only for tokens that are not bound to an organisation.
  bool global = false;
  // Fields from the request down to the organisation's name. Empty: the request names none.
  std::vector<const google::protobuf::FieldDescriptor*> organization;
};

// Reads the rule of `method`. The organisation is the request's string field `organization`, else
// the one of its only message field that has such a field (PutTeamRequest.team.organization).
AccessRule ReadAccessRule(const google::protobuf::MethodDescriptor& method);

// OK where `call` may send `request`. Rank first (viewer < editor < admin), then scope.
//
// kPermissionDenied: the role is too low, the method is global and the token is bound, or the
// request is for another organisation. kInvalidArgument (with BadFields): the token is bound and
// the request names no organisation.
absl::Status CheckAccess(const AccessRule& rule, const api::AdminCall& call,
                         const google::protobuf::Message& request);

// "viewer", "editor", "admin"; "none" for anything else.
std::string RoleName(weir::common::v1::Role role);

}  // namespace weir::rpc
