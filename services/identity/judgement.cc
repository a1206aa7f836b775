#include "services/identity/judgement.h"

#include <google/protobuf/util/time_util.h>

#include "common/status/detail.h"

namespace weir::identity {
namespace {

using common::v1::AuthFailure;
using google::protobuf::util::TimeUtil;

std::string_view Because(AuthFailure::Reason reason) {
  switch (reason) {
    case AuthFailure::REASON_MISSING:
      return "no API key came";
    case AuthFailure::REASON_MALFORMED:
      return "the API key is malformed";
    case AuthFailure::REASON_UNKNOWN:
      return "the API key is unknown";
    case AuthFailure::REASON_REVOKED:
      return "the API key was revoked";
    case AuthFailure::REASON_EXPIRED:
      return "the API key has expired";
    case AuthFailure::REASON_DISABLED:
      return "the API key is disabled";
    default:
      return "the API key is not accepted";
  }
}

bool HasExpired(const v1::Key& key, WallTime now) {
  return key.has_expires_at() &&
         TimeUtil::TimestampToMicroseconds(key.expires_at()) <= ToUnixMicros(now);
}

// The team that counts for the key; nothing where the organisation, user or team is disabled, or
// gone.
absl::StatusOr<std::optional<std::string>> EnabledTeam(DirectoryReader& directory,
                                                       const v1::Key& key) {
  const std::optional<std::string> kNone;
  WEIR_ASSIGN_OR_RETURN(const auto organization, directory.FindOrganization(key.organization()));
  if (!organization || organization->disabled()) return kNone;
  std::string team = key.team();
  if (!key.user().empty()) {
    WEIR_ASSIGN_OR_RETURN(const auto user, directory.FindUser(key.organization(), key.user()));
    if (!user || user->disabled()) return kNone;
    if (team.empty()) team = user->team();
  }
  if (!team.empty()) {
    WEIR_ASSIGN_OR_RETURN(const auto found, directory.FindTeam(key.organization(), team));
    if (!found || found->disabled()) return kNone;
  }
  return std::optional<std::string>(std::move(team));
}

v1::Principal PrincipalOf(const v1::Key& key, std::string team) {
  v1::Principal principal;
  principal.set_organization(key.organization());
  principal.set_team(std::move(team));
  principal.set_user(key.user());
  principal.set_key_public_id(key.public_id());
  principal.set_key_name(key.name());
  *principal.mutable_allowed_models() = key.allowed_models();
  *principal.mutable_allowed_proxies() = key.allowed_proxies();
  *principal.mutable_scopes() = key.scopes();
  if (key.has_expires_at()) *principal.mutable_expires_at() = key.expires_at();
  return principal;
}

}  // namespace

absl::Status Refusal(AuthFailure::Reason reason, const std::string& public_id) {
  AuthFailure failure;
  failure.set_reason(reason);
  failure.set_key_public_id(public_id);
  return status::WithDetail(status::Unauthenticated("{}", Because(reason)), failure);
}

absl::StatusOr<v1::Principal> Judge(DirectoryReader& directory, const std::string& digest,
                                    WallTime now) {
  WEIR_ASSIGN_OR_RETURN(const std::optional<KeyRecord> found, directory.FindKeyByDigest(digest));
  if (!found) return Refusal(AuthFailure::REASON_UNKNOWN);
  const v1::Key& key = found->key;
  if (key.has_revoked_at()) return Refusal(AuthFailure::REASON_REVOKED, key.public_id());
  if (HasExpired(key, now)) return Refusal(AuthFailure::REASON_EXPIRED, key.public_id());
  WEIR_ASSIGN_OR_RETURN(std::optional<std::string> team, EnabledTeam(directory, key));
  if (!team) return Refusal(AuthFailure::REASON_DISABLED, key.public_id());
  return PrincipalOf(key, *std::move(team));
}

}  // namespace weir::identity
