#pragma once

#include "common/api/admin_call.h"
#include "services/identity/admin_tokens.h"
#include "services/identity/change_feed.h"
#include "services/identity/config.h"
#include "services/identity/key.h"

namespace weir::identity {

// Edits who may call: one method for each admin RPC; the comments in
// weir/identity/v1/identity_admin.proto are the contract. The role and organisation of `call` have
// been checked by whoever calls, against the access option of the RPC.
//
// Thread-safe; blocks. A change is durable when its method returns, and watchers have been told.
// kInvalidArgument: a BadFields detail lists every bad field. kNotFound: the organisation or
// object. kUnavailable: the store.
class IdentityAdmin {
 public:
  struct Deps {
    Directory& directory;  // All must outlive this object.
    ChangeFeed& feed;      // Of the same directory.
    AdminTokens& tokens;   // Likewise.
    const KeyHasher& hasher;
    const Clock& clock;
    Random& random;
  };
  IdentityAdmin(IdentityConfig config, Deps deps);

  absl::StatusOr<v1::PutOrganizationResponse> PutOrganization(
      const api::AdminCall& call, const v1::PutOrganizationRequest& request);
  absl::StatusOr<v1::ListOrganizationsResponse> ListOrganizations(
      const api::AdminCall& call, const v1::ListOrganizationsRequest& request);
  // Its admin tokens end with it. kFailedPrecondition: teams, users or keys are left.
  absl::StatusOr<v1::DeleteOrganizationResponse> DeleteOrganization(
      const api::AdminCall& call, const v1::DeleteOrganizationRequest& request);

  absl::StatusOr<v1::PutTeamResponse> PutTeam(const api::AdminCall& call,
                                              const v1::PutTeamRequest& request);
  absl::StatusOr<v1::ListTeamsResponse> ListTeams(const api::AdminCall& call,
                                                  const v1::ListTeamsRequest& request);
  // kFailedPrecondition: users or keys name it.
  absl::StatusOr<v1::DeleteTeamResponse> DeleteTeam(const api::AdminCall& call,
                                                    const v1::DeleteTeamRequest& request);

  absl::StatusOr<v1::PutUserResponse> PutUser(const api::AdminCall& call,
                                              const v1::PutUserRequest& request);
  absl::StatusOr<v1::ListUsersResponse> ListUsers(const api::AdminCall& call,
                                                  const v1::ListUsersRequest& request);
  // kFailedPrecondition: keys name it.
  absl::StatusOr<v1::DeleteUserResponse> DeleteUser(const api::AdminCall& call,
                                                    const v1::DeleteUserRequest& request);

  // kAlreadyExists: a key of that name is in use. kResourceExhausted: the organisation has its
  // most.
  absl::StatusOr<v1::CreateKeyResponse> CreateKey(const api::AdminCall& call,
                                                  const v1::CreateKeyRequest& request);
  // Another value under a name in use: the old key is revoked and a new one made, in one step.
  // Other attributes: the key is changed. The value of a revoked key may come again; it is another
  // key then. kAlreadyExists: the value is in use under another name.
  absl::StatusOr<v1::PutKeyResponse> PutKey(const api::AdminCall& call,
                                            const v1::PutKeyRequest& request);
  absl::StatusOr<v1::ListKeysResponse> ListKeys(const api::AdminCall& call,
                                                const v1::ListKeysRequest& request);
  absl::StatusOr<v1::RevokeKeyResponse> RevokeKey(const api::AdminCall& call,
                                                  const v1::RevokeKeyRequest& request);

  absl::StatusOr<v1::CreateAdminTokenResponse> CreateAdminToken(
      const api::AdminCall& call, const v1::CreateAdminTokenRequest& request);
  absl::StatusOr<v1::ListAdminTokensResponse> ListAdminTokens(
      const api::AdminCall& call, const v1::ListAdminTokensRequest& request);
  absl::StatusOr<v1::RevokeAdminTokenResponse> RevokeAdminToken(
      const api::AdminCall& call, const v1::RevokeAdminTokenRequest& request);

  // Makes the organisation where it is missing, and leaves it alone where it is there.
  absl::Status EnsureOrganization(const std::string& name);

 private:
  using Changes = std::vector<Change>;
  absl::Status Read(const std::function<absl::Status(DirectoryReader&)>& work);
  void GivePublicId(v1::Key& key, std::string_view value);
  absl::Status AddKey(DirectoryWriter& directory, const KeyRecord& record, Changes& changes);
  absl::Status Revoke(DirectoryWriter& directory, KeyRecord& record, Changes& changes);
  absl::Status ApplyPut(DirectoryWriter& directory, const v1::PutKeyRequest& request,
                        v1::PutKeyResponse& response, Changes& changes);

  const IdentityConfig config_;
  const Deps deps_;
};

// kNotFound where there is no such organisation.
absl::Status RequireOrganization(DirectoryReader& directory, const std::string& name);

}  // namespace weir::identity
