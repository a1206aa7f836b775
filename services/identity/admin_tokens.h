#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/api/admin_call.h"
#include "common/async/mutex.h"
#include "services/identity/config.h"
#include "services/identity/directory.h"
#include "services/identity/key.h"

namespace weir::identity {

// Who may edit. Tokens are kept like keys: as digests. Thread-safe; blocks.
class AdminTokens final : public api::AdminTokenVerifier {
 public:
  struct Deps {
    Directory& directory;  // All must outlive this object.
    const KeyHasher& hasher;
    const Clock& clock;
    Random& random;
  };
  AdminTokens(IdentityConfig config, Deps deps);

  // Reads the directory once per token; a revoked token fails from the moment that Revoke returns.
  absl::StatusOr<api::AdminCall> Verify(std::string_view token) override;

  // kPermissionDenied: more than `call` may do itself. kNotFound: no such organisation.
  // kResourceExhausted: too many tokens.
  absl::StatusOr<v1::CreateAdminTokenResponse> Create(const api::AdminCall& call,
                                                      const v1::CreateAdminTokenRequest& request);
  // With a bound token only those of its organisation.
  absl::StatusOr<v1::ListAdminTokensResponse> List(const api::AdminCall& call,
                                                   const v1::ListAdminTokensRequest& request);
  // kNotFound: none that `call` may see. kFailedPrecondition: nobody could administer the
  // installation any more. Twice is fine.
  absl::StatusOr<v1::RevokeAdminTokenResponse> Revoke(const api::AdminCall& call,
                                                      const v1::RevokeAdminTokenRequest& request);

  // Part of removing an organisation: call Forget once the transaction is durable.
  absl::Status RevokeAllOf(DirectoryWriter& directory, const std::string& organization);
  // From now on every token is looked up again.
  void Forget();

  // Where the directory has never had an admin token: makes one for everything, writes it to `path`
  // (0600) and returns it; a token that an operator (or a start that was cut short) left at `path`
  // is taken instead. Nothing where the directory has had one. kFailedPrecondition: the file is
  // there and holds something else, or others may read it.
  absl::StatusOr<std::optional<std::string>> EnsureBootstrapToken(const std::string& path);

 private:
  absl::Status CheckNew(const api::AdminCall& call, const v1::CreateAdminTokenRequest& request);
  TokenRecord NewRecord(const v1::CreateAdminTokenRequest& request, const std::string& secret);
  absl::Status StoreNew(DirectoryWriter& directory, const TokenRecord& record);
  absl::Status StoreFirst(const std::string& secret);
  absl::StatusOr<api::AdminCall> LookUp(const std::string& digest);

  const IdentityConfig config_;
  const Deps deps_;
  Mutex mutex_;
  // By digest: good tokens only, at most a thousand.
  std::unordered_map<std::string, api::AdminCall> verified_ ABSL_GUARDED_BY(mutex_);
  // Rises when a token ends: what was looked up before must not be kept.
  uint64_t generation_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace weir::identity
