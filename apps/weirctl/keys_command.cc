#include "apps/weirctl/command.h"
#include "apps/weirctl/json_output.h"
#include "apps/weirctl/list_all.h"
#include "apps/weirctl/table.h"
#include "apps/weirctl/times.h"
#include "weir/identity/v1/identity_admin.pb.h"

namespace weir::weirctl {
namespace {

using namespace weir::identity::v1;

constexpr std::string_view kCreateKey = "weir.identity.v1.IdentityAdminService/CreateKey";
constexpr std::string_view kListKeys = "weir.identity.v1.IdentityAdminService/ListKeys";
constexpr std::string_view kRevokeKey = "weir.identity.v1.IdentityAdminService/RevokeKey";

std::string State(const Key& key, const Clock& clock) {
  if (key.has_revoked_at()) return "revoked";
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock.Now().time_since_epoch());
  if (!key.has_expires_at()) return "active";
  return key.expires_at().seconds() <= now.count() ? "expired" : "active";
}

absl::StatusOr<CreateKeyRequest> ToRequest(const CommandContext& context,
                                           const KeysCreateArguments& arguments) {
  CreateKeyRequest request;
  request.set_organization(context.organization());
  request.set_name(arguments.name);
  request.set_team(arguments.team);
  request.set_user(arguments.user);
  for (const auto& each : arguments.models) request.add_allowed_models(each);
  for (const auto& each : arguments.proxies) request.add_allowed_proxies(each);
  for (const auto& each : arguments.scopes) request.add_scopes(each);
  if (!arguments.lifetime.empty()) {
    WEIR_ASSIGN_OR_RETURN(*request.mutable_lifetime(), ParseSpan(arguments.lifetime, "--lifetime"));
  }
  return request;
}

}  // namespace

// The key alone goes to standard output, so that a script can keep it: KEY=$(weirctl keys create
// app).
absl::Status RunKeysCreate(const CommandContext& context, const KeysCreateArguments& arguments) {
  WEIR_ASSIGN_OR_RETURN(const CreateKeyRequest request, ToRequest(context, arguments));
  CreateKeyResponse response;
  WEIR_RETURN_IF_ERROR(context.client.Call(kCreateKey, request, response));
  if (context.json()) {
    context.out() << ToJson(response);
    return absl::OkStatus();
  }
  context.around.err << fmt::format("Key '{}' (public id {}); it is shown now and never again:\n",
                                    response.key().name(), response.key().public_id());
  context.out() << response.secret() << '\n';
  return absl::OkStatus();
}

absl::Status RunKeysList(const CommandContext& context, const KeysListArguments& arguments) {
  ListKeysRequest request;
  request.set_organization(context.organization());
  request.set_include_ended(arguments.all);
  const auto listed =
      ListAll<ListKeysRequest, ListKeysResponse>(context.client, kListKeys, request);
  if (!listed.ok()) return listed.status();
  if (context.json()) {
    context.out() << ToJson(*listed);
    return absl::OkStatus();
  }
  Table table(
      {"NAME", "PUBLIC ID", "PREFIX", "TEAM", "USER", "MODELS", "CREATED", "EXPIRES", "STATE"});
  for (const Key& key : listed->keys()) {
    table.Add({key.name(), key.public_id(), key.prefix(), key.team(), key.user(),
               fmt::format("{}", fmt::join(key.allowed_models(), ",")), ShowTime(key.created_at()),
               ShowTime(key.expires_at()), State(key, context.around.clock)});
  }
  table.Print(context.out());
  return absl::OkStatus();
}

absl::Status RunKeysRevoke(const CommandContext& context, const KeysRevokeArguments& arguments) {
  RevokeKeyRequest request;
  request.set_organization(context.organization());
  request.set_key(arguments.key);
  RevokeKeyResponse response;
  WEIR_RETURN_IF_ERROR(context.client.Call(kRevokeKey, request, response));
  if (context.json()) {
    context.out() << ToJson(response);
  } else {
    context.out() << fmt::format("Key '{}' (public id {}) is revoked since {}\n",
                                 response.key().name(), response.key().public_id(),
                                 ShowTime(response.key().revoked_at()));
  }
  return absl::OkStatus();
}

}  // namespace weir::weirctl
