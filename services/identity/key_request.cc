#include "services/identity/key_request.h"

#include <algorithm>
#include <set>

#include "common/text/ascii.h"
#include "services/identity/identity_admin.h"
#include "services/identity/key.h"
#include "services/identity/names.h"

namespace weir::identity {
namespace {

using Names = google::protobuf::RepeatedPtrField<std::string>;

constexpr int kMostNames = 1000;
constexpr size_t kLongestModel = 200;
constexpr std::string_view kModelForm = "1 to 200 bytes without control characters";
constexpr std::string_view kScopeForm = "1 to 32 of [a-z_]";

bool IsModel(std::string_view text) { return !text.empty() && IsPlainText(text, kLongestModel); }

bool IsScope(std::string_view text) {
  return !text.empty() && text.size() <= 32 &&
         std::all_of(text.begin(), text.end(), [](char c) { return text::IsLower(c) || c == '_'; });
}

void CheckNames(const Names& names, std::string_view path, bool (*is_good)(std::string_view),
                std::string_view form, status::BadFields& bad) {
  if (names.size() > kMostNames) {
    bad.Add(path, "got {} of them, want at most {}", names.size(), kMostNames);
    return;
  }
  std::set<std::string_view> seen;
  for (int i = 0; i < names.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", path, i);
    bad.Require(is_good(names[i]), place, Shown(names[i]), form);
    if (!seen.insert(names[i]).second) bad.Add(place, "is there twice");
  }
}

bool SameNames(const Names& a, const Names& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

template <typename Request>
v1::Key Attributes(const Request& request) {
  v1::Key key;
  key.set_organization(request.organization());
  key.set_name(request.name());
  key.set_team(request.team());
  key.set_user(request.user());
  *key.mutable_allowed_models() = request.allowed_models();
  *key.mutable_allowed_proxies() = request.allowed_proxies();
  *key.mutable_scopes() = request.scopes();
  return key;
}

}  // namespace

v1::Key KeyOf(const v1::CreateKeyRequest& request) { return Attributes(request); }
v1::Key KeyOf(const v1::PutKeyRequest& request) { return Attributes(request); }

void CheckKey(const v1::Key& key, status::BadFields& bad) {
  bad.Require(IsOrganizationName(key.organization()), "organization", Shown(key.organization()),
              kOrganizationNameForm);
  bad.Require(IsKeyName(key.name()), "name", Shown(key.name()), kKeyNameForm);
  bad.Require(key.team().empty() || IsTeamName(key.team()), "team", Shown(key.team()),
              kTeamNameForm);
  bad.Require(key.user().empty() || IsUserName(key.user()), "user", Shown(key.user()),
              kUserNameForm);
  CheckNames(key.allowed_models(), "allowed_models", IsModel, kModelForm, bad);
  CheckNames(key.allowed_proxies(), "allowed_proxies", IsModel, kModelForm, bad);
  CheckNames(key.scopes(), "scopes", IsScope, kScopeForm, bad);
}

absl::Status CheckKeyReferences(DirectoryReader& directory, const v1::Key& key) {
  WEIR_RETURN_IF_ERROR(RequireOrganization(directory, key.organization()));
  status::BadFields bad;
  if (!key.team().empty()) {
    WEIR_ASSIGN_OR_RETURN(const auto team, directory.FindTeam(key.organization(), key.team()));
    bad.Require(team.has_value(), "team", Shown(key.team()), "a team of the organization");
  }
  if (!key.user().empty()) {
    WEIR_ASSIGN_OR_RETURN(const auto user, directory.FindUser(key.organization(), key.user()));
    bad.Require(user.has_value(), "user", Shown(key.user()), "a user of the organization");
  }
  return bad.ToStatus();
}

bool SameAttributes(const v1::Key& a, const v1::Key& b) {
  return a.team() == b.team() && a.user() == b.user() &&
         SameNames(a.allowed_models(), b.allowed_models()) &&
         SameNames(a.allowed_proxies(), b.allowed_proxies()) && SameNames(a.scopes(), b.scopes());
}

void SetAttributes(const v1::Key& wanted, v1::Key& key) {
  key.set_team(wanted.team());
  key.set_user(wanted.user());
  *key.mutable_allowed_models() = wanted.allowed_models();
  *key.mutable_allowed_proxies() = wanted.allowed_proxies();
  *key.mutable_scopes() = wanted.scopes();
}

}  // namespace weir::identity
