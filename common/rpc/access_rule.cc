#include "common/rpc/access_rule.h"

#include "common/status/detail.h"
#include "common/text/excerpt.h"
#include "weir/common/v1/access.pb.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::rpc {
namespace {

namespace pb = google::protobuf;
using weir::common::v1::Role;

const pb::FieldDescriptor* OrganizationField(const pb::Descriptor& message) {
  const pb::FieldDescriptor* field = message.FindFieldByName("organization");
  const bool names_it = field != nullptr && !field->is_repeated() &&
                        field->cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING;
  return names_it ? field : nullptr;
}

// A request that carries several objects is none of ours; taking the first would let the second
// pass unchecked.
const pb::FieldDescriptor* OnlyObjectWithOrganization(const pb::Descriptor& request) {
  const pb::FieldDescriptor* found = nullptr;
  for (int i = 0; i < request.field_count(); ++i) {
    const pb::FieldDescriptor* field = request.field(i);
    if (field->is_repeated() || field->message_type() == nullptr) continue;
    if (OrganizationField(*field->message_type()) == nullptr) continue;
    if (found != nullptr) return nullptr;
    found = field;
  }
  return found;
}

std::vector<const pb::FieldDescriptor*> OrganizationPath(const pb::Descriptor& request) {
  if (const pb::FieldDescriptor* own = OrganizationField(request)) return {own};
  const pb::FieldDescriptor* object = OnlyObjectWithOrganization(request);
  if (object == nullptr) return {};
  return {object, OrganizationField(*object->message_type())};
}

std::string Dotted(const std::vector<const pb::FieldDescriptor*>& path) {
  std::string dotted;
  for (const pb::FieldDescriptor* field : path) {
    if (!dotted.empty()) dotted += '.';
    dotted += field->name();
  }
  return dotted;
}

std::string Read(const std::vector<const pb::FieldDescriptor*>& path, const pb::Message& request) {
  const pb::Message* message = &request;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    message = &message->GetReflection()->GetMessage(*message, path[i]);
  }
  return message->GetReflection()->GetString(*message, path.back());
}

absl::Status MissingOrganization(const AccessRule& rule, const api::AdminCall& call) {
  const std::string path = Dotted(rule.organization);
  const std::string problem =
      fmt::format("is empty, want the token's organization '{}'", call.organization);
  weir::common::v1::BadFields detail;
  auto* field = detail.add_fields();
  field->set_path(path);
  field->set_problem(problem);
  return status::WithDetail(status::InvalidArgument("{} {}", path, problem), detail);
}

absl::Status CheckScope(const AccessRule& rule, const api::AdminCall& call,
                        const pb::Message& request) {
  if (call.organization.empty()) return absl::OkStatus();
  if (rule.global) {
    return status::PermissionDenied(
        "the token is bound to organization '{}', want one that is not bound", call.organization);
  }
  if (rule.organization.empty()) return absl::OkStatus();
  const std::string named = Read(rule.organization, request);
  if (named.empty()) return MissingOrganization(rule, call);
  if (named == call.organization) return absl::OkStatus();
  return status::PermissionDenied("{} is '{}', want the token's organization '{}'",
                                  Dotted(rule.organization), text::Excerpt(named),
                                  call.organization);
}

}  // namespace

AccessRule ReadAccessRule(const pb::MethodDescriptor& method) {
  const auto& access = method.options().GetExtension(weir::common::v1::access);
  return {.role = access.role(),
          .global = access.global(),
          .organization = OrganizationPath(*method.input_type())};
}

absl::Status CheckAccess(const AccessRule& rule, const api::AdminCall& call,
                         const pb::Message& request) {
  // A rule that is absent, or a token whose role this version does not know, opens nothing.
  const bool known = Role_IsValid(call.role) && rule.role != weir::common::v1::ROLE_UNSPECIFIED;
  if (!known || call.role < rule.role) {
    return status::PermissionDenied("the token's role is {}, want {}", RoleName(call.role),
                                    RoleName(rule.role));
  }
  return CheckScope(rule, call, request);
}

std::string RoleName(Role role) {
  switch (role) {
    case weir::common::v1::ROLE_VIEWER:
      return "viewer";
    case weir::common::v1::ROLE_EDITOR:
      return "editor";
    case weir::common::v1::ROLE_ADMIN:
      return "admin";
    default:
      return "none";
  }
}

}  // namespace weir::rpc
