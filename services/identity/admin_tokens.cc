#include "services/identity/admin_tokens.h"

#include <algorithm>

#include "common/status/bad_fields.h"
#include "services/identity/names.h"
#include "services/identity/page_token.h"
#include "services/identity/stored_time.h"

namespace weir::identity {
namespace {

constexpr size_t kMostVerified = 1000;
constexpr int kPageSize = 1000;

bool AdministersAll(const v1::AdminToken& token) {
  return !token.has_revoked_at() && token.role() == common::v1::ROLE_ADMIN &&
         token.organization().empty();
}

absl::StatusOr<std::vector<TokenRecord>> TokensInUse(DirectoryReader& directory,
                                                     const std::optional<std::string>& of) {
  std::vector<TokenRecord> in_use;
  PositionPage page = {.limit = kPageSize};
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(std::vector<TokenRecord> some, directory.ListTokens(of, page));
    if (some.empty()) return in_use;
    page.after = some.back().position;
    std::copy_if(std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()),
                 std::back_inserter(in_use),
                 [](const TokenRecord& each) { return !each.token.has_revoked_at(); });
  }
}

absl::Status CheckSomebodyStays(DirectoryReader& directory, const v1::AdminToken& leaving) {
  if (!AdministersAll(leaving)) return absl::OkStatus();
  WEIR_ASSIGN_OR_RETURN(const auto in_use, TokensInUse(directory, std::nullopt));
  const bool another = std::any_of(in_use.begin(), in_use.end(), [&](const TokenRecord& each) {
    return AdministersAll(each.token) && each.token.id() != leaving.id();
  });
  if (another) return absl::OkStatus();
  return status::FailedPrecondition(
      "admin token {} is the last one with role admin for all organizations: make another first",
      leaving.id());
}

bool MaySee(const api::AdminCall& call, const v1::AdminToken& token) {
  return call.organization.empty() || call.organization == token.organization();
}

}  // namespace

AdminTokens::AdminTokens(IdentityConfig config, Deps deps)
    : config_(std::move(config)), deps_(deps) {}

absl::StatusOr<api::AdminCall> AdminTokens::Verify(std::string_view token) {
  if (!ParseKey(kAdminTokenPrefix, token)) {
    return status::Unauthenticated("the admin token is malformed");
  }
  const std::string digest = deps_.hasher(token);
  uint64_t generation = 0;
  {
    MutexLock lock(mutex_);
    if (auto found = verified_.find(digest); found != verified_.end()) return found->second;
    generation = generation_;
  }
  WEIR_ASSIGN_OR_RETURN(const api::AdminCall call, LookUp(digest));
  MutexLock lock(mutex_);
  if (generation == generation_) {
    if (verified_.size() >= kMostVerified) verified_.clear();
    verified_.emplace(digest, call);
  }
  return call;
}

absl::StatusOr<api::AdminCall> AdminTokens::LookUp(const std::string& digest) {
  std::optional<TokenRecord> found;
  WEIR_RETURN_IF_ERROR(deps_.directory.Read([&](DirectoryReader& reader) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(found, reader.FindTokenByDigest(digest));
    return absl::OkStatus();
  }));
  if (!found) return status::Unauthenticated("the admin token is unknown");
  const v1::AdminToken& token = found->token;
  if (token.has_revoked_at()) return status::Unauthenticated("the admin token was revoked");
  return api::AdminCall{
      .actor = token.id(), .role = token.role(), .organization = token.organization()};
}

absl::Status AdminTokens::CheckNew(const api::AdminCall& call,
                                   const v1::CreateAdminTokenRequest& request) {
  status::BadFields bad;
  bad.Require(IsKeyName(request.name()), "name", Shown(request.name()), kKeyNameForm);
  if (request.role() < common::v1::ROLE_VIEWER || request.role() > common::v1::ROLE_ADMIN) {
    bad.Add("role", "got none, want ROLE_VIEWER, ROLE_EDITOR or ROLE_ADMIN");
  }
  if (!request.organization().empty()) {
    bad.Require(IsOrganizationName(request.organization()), "organization",
                Shown(request.organization()), kOrganizationNameForm);
  }
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  if (request.role() > call.role) {
    return status::PermissionDenied("making an admin token: its role is above that of the caller");
  }
  if (!call.organization.empty() && request.organization() != call.organization) {
    return status::PermissionDenied(
        "making an admin token: the caller's is bound to organization '{}', so must this be",
        call.organization);
  }
  return absl::OkStatus();
}

TokenRecord AdminTokens::NewRecord(const v1::CreateAdminTokenRequest& request,
                                   const std::string& secret) {
  TokenRecord record;
  record.token.set_id(std::string(ParseKey(kAdminTokenPrefix, secret)->public_id));
  record.token.set_name(request.name());
  record.token.set_role(request.role());
  record.token.set_organization(request.organization());
  *record.token.mutable_created_at() = StoredTime(deps_.clock.Now());
  record.digest = deps_.hasher(secret);
  return record;
}

absl::Status AdminTokens::StoreNew(DirectoryWriter& directory, const TokenRecord& record) {
  const std::string& organization = record.token.organization();
  if (!organization.empty()) {
    WEIR_ASSIGN_OR_RETURN(const auto found, directory.FindOrganization(organization));
    if (!found) return status::NotFound("there is no organization '{}'", organization);
  }
  WEIR_ASSIGN_OR_RETURN(const auto in_use, TokensInUse(directory, std::nullopt));
  if (in_use.size() >= static_cast<size_t>(config_.max_admin_tokens)) {
    return status::ResourceExhausted("there are {} admin tokens, the most that there may be",
                                     in_use.size());
  }
  return directory.StoreToken(record);
}

absl::StatusOr<v1::CreateAdminTokenResponse> AdminTokens::Create(
    const api::AdminCall& call, const v1::CreateAdminTokenRequest& request) {
  WEIR_RETURN_IF_ERROR(CheckNew(call, request));
  v1::CreateAdminTokenResponse response;
  response.set_secret(NewKey(kAdminTokenPrefix, deps_.random));
  const TokenRecord record = NewRecord(request, response.secret());
  WEIR_RETURN_IF_ERROR(deps_.directory.Write(
      [&](DirectoryWriter& directory) { return StoreNew(directory, record); }));
  *response.mutable_token() = record.token;
  return response;
}

absl::StatusOr<v1::ListAdminTokensResponse> AdminTokens::List(
    const api::AdminCall& call, const v1::ListAdminTokensRequest& request) {
  status::BadFields bad;
  const PositionPage page = ReadPositionPage(request.page_size(), request.page_token(), bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  std::optional<std::string> of;
  if (!call.organization.empty()) of = call.organization;
  std::vector<TokenRecord> records;
  WEIR_RETURN_IF_ERROR(deps_.directory.Read([&](DirectoryReader& directory) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(records, directory.ListTokens(of, page));
    return absl::OkStatus();
  }));
  v1::ListAdminTokensResponse response;
  response.set_next_page_token(
      EndPage(records, page, [](const TokenRecord& last) { return PositionToken(last.position); }));
  for (TokenRecord& each : records) *response.add_tokens() = std::move(each.token);
  return response;
}

absl::StatusOr<v1::RevokeAdminTokenResponse> AdminTokens::Revoke(
    const api::AdminCall& call, const v1::RevokeAdminTokenRequest& request) {
  WEIR_RETURN_IF_ERROR(deps_.directory.Write([&](DirectoryWriter& directory) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(auto found, directory.FindTokenById(request.id()));
    if (!found || !MaySee(call, found->token)) {
      return status::NotFound("there is no admin token '{}'", Shown(request.id()));
    }
    if (found->token.has_revoked_at()) return absl::OkStatus();
    WEIR_RETURN_IF_ERROR(CheckSomebodyStays(directory, found->token));
    *found->token.mutable_revoked_at() = StoredTime(deps_.clock.Now());
    return directory.StoreToken(*found);
  }));
  Forget();
  return v1::RevokeAdminTokenResponse();
}

absl::Status AdminTokens::RevokeAllOf(DirectoryWriter& directory, const std::string& organization) {
  WEIR_ASSIGN_OR_RETURN(auto in_use, TokensInUse(directory, organization));
  for (TokenRecord& each : in_use) {
    *each.token.mutable_revoked_at() = StoredTime(deps_.clock.Now());
    WEIR_RETURN_IF_ERROR(directory.StoreToken(each));
  }
  return absl::OkStatus();
}

void AdminTokens::Forget() {
  MutexLock lock(mutex_);
  ++generation_;
  verified_.clear();
}

}  // namespace weir::identity
