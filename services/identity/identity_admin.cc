// Organisations, teams and users; keys are in identity_admin_keys.cc.
#include "services/identity/identity_admin.h"

#include "common/status/bad_fields.h"
#include "services/identity/names.h"
#include "services/identity/page_token.h"

namespace weir::identity {
namespace {

constexpr size_t kLongestDisplayName = 200;
constexpr std::string_view kDisplayNameForm = "at most 200 bytes without control characters";

bool Same(const google::protobuf::Message& a, const google::protobuf::Message& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

// What may and may not stay behind: "2 teams, 1 users, 0 keys".
absl::Status CheckUnused(std::string_view what, const std::string& name, const Counts& left) {
  if (left.teams + left.users + left.keys == 0) return absl::OkStatus();
  return status::FailedPrecondition("removing {} '{}': it still has {} teams, {} users, {} keys",
                                    what, name, left.teams, left.users, left.keys);
}

void CheckOrganizationField(const std::string& name, std::string_view path,
                            status::BadFields& bad) {
  bad.Require(IsOrganizationName(name), path, Shown(name), kOrganizationNameForm);
}

void CheckDisplayName(const std::string& name, std::string_view path, status::BadFields& bad) {
  bad.Require(IsPlainText(name, kLongestDisplayName), path, Shown(name), kDisplayNameForm);
}

absl::Status Check(const v1::Organization& organization) {
  status::BadFields bad;
  CheckOrganizationField(organization.name(), "organization.name", bad);
  CheckDisplayName(organization.display_name(), "organization.display_name", bad);
  return bad.ToStatus();
}

absl::Status Check(const v1::Team& team) {
  status::BadFields bad;
  CheckOrganizationField(team.organization(), "team.organization", bad);
  bad.Require(IsTeamName(team.name()), "team.name", Shown(team.name()), kTeamNameForm);
  CheckDisplayName(team.display_name(), "team.display_name", bad);
  return bad.ToStatus();
}

absl::Status Check(const v1::User& user) {
  status::BadFields bad;
  CheckOrganizationField(user.organization(), "user.organization", bad);
  bad.Require(IsUserName(user.name()), "user.name", Shown(user.name()), kUserNameForm);
  if (!user.team().empty()) {
    bad.Require(IsTeamName(user.team()), "user.team", Shown(user.team()), kTeamNameForm);
  }
  CheckDisplayName(user.display_name(), "user.display_name", bad);
  return bad.ToStatus();
}

absl::Status CheckTeamOf(DirectoryReader& directory, const v1::User& user) {
  if (user.team().empty()) return absl::OkStatus();
  WEIR_ASSIGN_OR_RETURN(const auto team, directory.FindTeam(user.organization(), user.team()));
  status::BadFields bad;
  bad.Require(team.has_value(), "user.team", Shown(user.team()), "a team of the organization");
  return bad.ToStatus();
}

absl::Status NoSuch(std::string_view what, const std::string& name) {
  return status::NotFound("there is no {} '{}'", what, Shown(name));
}

}  // namespace

IdentityAdmin::IdentityAdmin(IdentityConfig config, Deps deps)
    : config_(std::move(config)), deps_(deps) {}

absl::Status IdentityAdmin::Read(const std::function<absl::Status(DirectoryReader&)>& work) {
  return deps_.directory.Read(work);
}

absl::Status RequireOrganization(DirectoryReader& directory, const std::string& name) {
  WEIR_ASSIGN_OR_RETURN(const auto found, directory.FindOrganization(name));
  return found ? absl::OkStatus() : NoSuch("organization", name);
}

absl::StatusOr<v1::PutOrganizationResponse> IdentityAdmin::PutOrganization(
    const api::AdminCall&, const v1::PutOrganizationRequest& request) {
  const v1::Organization& wanted = request.organization();
  WEIR_RETURN_IF_ERROR(Check(wanted));
  v1::PutOrganizationResponse response;
  *response.mutable_organization() = wanted;
  WEIR_RETURN_IF_ERROR(deps_.feed.Write([&](DirectoryWriter& directory, Changes& changes) {
    WEIR_ASSIGN_OR_RETURN(const auto before, directory.FindOrganization(wanted.name()));
    response.set_changed(!before || !Same(*before, wanted));
    if (!response.changed() || request.validate_only()) return absl::OkStatus();
    changes.push_back({Change::Kind::kOrganization, wanted.name(), wanted.name()});
    return directory.StoreOrganization(wanted);
  }));
  return response;
}

absl::StatusOr<v1::ListOrganizationsResponse> IdentityAdmin::ListOrganizations(
    const api::AdminCall& call, const v1::ListOrganizationsRequest& request) {
  status::BadFields bad;
  const NamePage page = ReadNamePage(request.page_size(), request.page_token(), bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  std::vector<v1::Organization> found;
  WEIR_RETURN_IF_ERROR(Read([&](DirectoryReader& directory) -> absl::Status {
    if (call.organization.empty()) {
      WEIR_ASSIGN_OR_RETURN(found, directory.ListOrganizations(page));
      return absl::OkStatus();
    }
    WEIR_ASSIGN_OR_RETURN(auto only, directory.FindOrganization(call.organization));
    if (only && only->name() > page.after) found.push_back(*std::move(only));
    return absl::OkStatus();
  }));
  v1::ListOrganizationsResponse response;
  response.set_next_page_token(
      EndPage(found, page, [](const v1::Organization& last) { return NameToken(last.name()); }));
  for (v1::Organization& each : found) *response.add_organizations() = std::move(each);
  return response;
}

absl::StatusOr<v1::DeleteOrganizationResponse> IdentityAdmin::DeleteOrganization(
    const api::AdminCall&, const v1::DeleteOrganizationRequest& request) {
  const std::string& name = request.name();
  WEIR_RETURN_IF_ERROR(
      deps_.feed.Write([&](DirectoryWriter& directory, Changes& changes) -> absl::Status {
        WEIR_RETURN_IF_ERROR(RequireOrganization(directory, name));
        WEIR_ASSIGN_OR_RETURN(const Counts left, directory.CountAll(name));
        WEIR_RETURN_IF_ERROR(CheckUnused("organization", name, left));
        WEIR_RETURN_IF_ERROR(deps_.tokens.RevokeAllOf(directory, name));
        changes.push_back({Change::Kind::kOrganization, name, name});
        return directory.RemoveOrganization(name);
      }));
  deps_.tokens.Forget();
  return v1::DeleteOrganizationResponse();
}

absl::StatusOr<v1::PutTeamResponse> IdentityAdmin::PutTeam(const api::AdminCall&,
                                                           const v1::PutTeamRequest& request) {
  const v1::Team& wanted = request.team();
  WEIR_RETURN_IF_ERROR(Check(wanted));
  v1::PutTeamResponse response;
  *response.mutable_team() = wanted;
  WEIR_RETURN_IF_ERROR(deps_.feed.Write([&](DirectoryWriter& directory, Changes& changes) {
    WEIR_RETURN_IF_ERROR(RequireOrganization(directory, wanted.organization()));
    WEIR_ASSIGN_OR_RETURN(const auto before,
                          directory.FindTeam(wanted.organization(), wanted.name()));
    response.set_changed(!before || !Same(*before, wanted));
    if (!response.changed() || request.validate_only()) return absl::OkStatus();
    changes.push_back({Change::Kind::kTeam, wanted.organization(), wanted.name()});
    return directory.StoreTeam(wanted);
  }));
  return response;
}

absl::StatusOr<v1::ListTeamsResponse> IdentityAdmin::ListTeams(
    const api::AdminCall&, const v1::ListTeamsRequest& request) {
  status::BadFields bad;
  const NamePage page = ReadNamePage(request.page_size(), request.page_token(), bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  std::vector<v1::Team> found;
  WEIR_RETURN_IF_ERROR(Read([&](DirectoryReader& directory) -> absl::Status {
    WEIR_RETURN_IF_ERROR(RequireOrganization(directory, request.organization()));
    WEIR_ASSIGN_OR_RETURN(found, directory.ListTeams(request.organization(), page));
    return absl::OkStatus();
  }));
  v1::ListTeamsResponse response;
  response.set_next_page_token(
      EndPage(found, page, [](const v1::Team& last) { return NameToken(last.name()); }));
  for (v1::Team& each : found) *response.add_teams() = std::move(each);
  return response;
}

absl::StatusOr<v1::DeleteTeamResponse> IdentityAdmin::DeleteTeam(
    const api::AdminCall&, const v1::DeleteTeamRequest& request) {
  const std::string& organization = request.organization();
  const std::string& name = request.name();
  WEIR_RETURN_IF_ERROR(
      deps_.feed.Write([&](DirectoryWriter& directory, Changes& changes) -> absl::Status {
        WEIR_RETURN_IF_ERROR(RequireOrganization(directory, organization));
        WEIR_ASSIGN_OR_RETURN(const auto found, directory.FindTeam(organization, name));
        if (!found) return NoSuch("team", name);
        WEIR_ASSIGN_OR_RETURN(const Counts left, directory.CountTeam(organization, name));
        WEIR_RETURN_IF_ERROR(CheckUnused("team", name, left));
        changes.push_back({Change::Kind::kTeam, organization, name});
        return directory.RemoveTeam(organization, name);
      }));
  return v1::DeleteTeamResponse();
}

absl::StatusOr<v1::PutUserResponse> IdentityAdmin::PutUser(const api::AdminCall&,
                                                           const v1::PutUserRequest& request) {
  const v1::User& wanted = request.user();
  WEIR_RETURN_IF_ERROR(Check(wanted));
  v1::PutUserResponse response;
  *response.mutable_user() = wanted;
  WEIR_RETURN_IF_ERROR(deps_.feed.Write([&](DirectoryWriter& directory, Changes& changes) {
    WEIR_RETURN_IF_ERROR(RequireOrganization(directory, wanted.organization()));
    WEIR_RETURN_IF_ERROR(CheckTeamOf(directory, wanted));
    WEIR_ASSIGN_OR_RETURN(const auto before,
                          directory.FindUser(wanted.organization(), wanted.name()));
    response.set_changed(!before || !Same(*before, wanted));
    if (!response.changed() || request.validate_only()) return absl::OkStatus();
    changes.push_back({Change::Kind::kUser, wanted.organization(), wanted.name()});
    return directory.StoreUser(wanted);
  }));
  return response;
}

absl::StatusOr<v1::ListUsersResponse> IdentityAdmin::ListUsers(
    const api::AdminCall&, const v1::ListUsersRequest& request) {
  status::BadFields bad;
  const NamePage page = ReadNamePage(request.page_size(), request.page_token(), bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  std::vector<v1::User> found;
  WEIR_RETURN_IF_ERROR(Read([&](DirectoryReader& directory) -> absl::Status {
    WEIR_RETURN_IF_ERROR(RequireOrganization(directory, request.organization()));
    WEIR_ASSIGN_OR_RETURN(found, directory.ListUsers(request.organization(), page));
    return absl::OkStatus();
  }));
  v1::ListUsersResponse response;
  response.set_next_page_token(
      EndPage(found, page, [](const v1::User& last) { return NameToken(last.name()); }));
  for (v1::User& each : found) *response.add_users() = std::move(each);
  return response;
}

absl::StatusOr<v1::DeleteUserResponse> IdentityAdmin::DeleteUser(
    const api::AdminCall&, const v1::DeleteUserRequest& request) {
  const std::string& organization = request.organization();
  const std::string& name = request.name();
  WEIR_RETURN_IF_ERROR(
      deps_.feed.Write([&](DirectoryWriter& directory, Changes& changes) -> absl::Status {
        WEIR_RETURN_IF_ERROR(RequireOrganization(directory, organization));
        WEIR_ASSIGN_OR_RETURN(const auto found, directory.FindUser(organization, name));
        if (!found) return NoSuch("user", name);
        WEIR_ASSIGN_OR_RETURN(const Counts left, directory.CountUser(organization, name));
        WEIR_RETURN_IF_ERROR(CheckUnused("user", name, left));
        changes.push_back({Change::Kind::kUser, organization, name});
        return directory.RemoveUser(organization, name);
      }));
  return v1::DeleteUserResponse();
}

absl::Status IdentityAdmin::EnsureOrganization(const std::string& name) {
  return deps_.feed.Write([&](DirectoryWriter& directory, Changes& changes) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(const auto found, directory.FindOrganization(name));
    if (found) return absl::OkStatus();
    v1::Organization organization;
    organization.set_name(name);
    WEIR_RETURN_IF_ERROR(Check(organization));
    changes.push_back({Change::Kind::kOrganization, name, name});
    return directory.StoreOrganization(organization);
  });
}

absl::StatusOr<v1::CreateAdminTokenResponse> IdentityAdmin::CreateAdminToken(
    const api::AdminCall& call, const v1::CreateAdminTokenRequest& request) {
  return deps_.tokens.Create(call, request);
}

absl::StatusOr<v1::ListAdminTokensResponse> IdentityAdmin::ListAdminTokens(
    const api::AdminCall& call, const v1::ListAdminTokensRequest& request) {
  return deps_.tokens.List(call, request);
}

absl::StatusOr<v1::RevokeAdminTokenResponse> IdentityAdmin::RevokeAdminToken(
    const api::AdminCall& call, const v1::RevokeAdminTokenRequest& request) {
  return deps_.tokens.Revoke(call, request);
}

}  // namespace weir::identity
