// The first admin token of an installation.
#include "common/crypto/secret_file.h"
#include "services/identity/admin_tokens.h"

namespace weir::identity {
namespace {

absl::StatusOr<int64_t> CountTokens(Directory& directory) {
  int64_t count = 0;
  WEIR_RETURN_IF_ERROR(directory.Read([&](DirectoryReader& reader) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(count, reader.CountTokens());
    return absl::OkStatus();
  }));
  return count;
}

// The file comes before the directory knows the token: a start that is cut short between the two
// finds the file again.
absl::StatusOr<std::string> TokenInFile(const std::string& path, Random& random) {
  absl::StatusOr<std::string> found = crypto::ReadSecretFile(path);
  // Where an installer made it, the folder may be one that nobody writes to.
  if (absl::IsNotFound(found.status())) {
    absl::Status written = crypto::WriteNewSecretFile(path, NewKey(kAdminTokenPrefix, random));
    if (!written.ok() && !absl::IsAlreadyExists(written)) return written;
    found = crypto::ReadSecretFile(path);
  }
  WEIR_ASSIGN_OR_RETURN(std::string token, std::move(found));
  if (!ParseKey(kAdminTokenPrefix, token)) {
    return status::FailedPrecondition(
        "{} holds {} characters that are no admin token: remove the file to get a new one", path,
        token.size());
  }
  return token;
}

}  // namespace

absl::Status AdminTokens::StoreFirst(const std::string& secret) {
  v1::CreateAdminTokenRequest request;
  request.set_name("bootstrap");
  request.set_role(common::v1::ROLE_ADMIN);
  const TokenRecord record = NewRecord(request, secret);
  return deps_.directory.Write([&](DirectoryWriter& directory) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(const int64_t count, directory.CountTokens());
    // Another process was first, with the same file.
    if (count > 0) return absl::OkStatus();
    return directory.StoreToken(record);
  });
}

absl::StatusOr<std::optional<std::string>> AdminTokens::EnsureBootstrapToken(
    const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const int64_t count, CountTokens(deps_.directory));
  if (count > 0) return std::optional<std::string>();
  absl::StatusOr<std::string> token = TokenInFile(path, deps_.random);
  WEIR_RETURN_IF_ERROR(status::While(token.status(), "making the first admin token"));
  WEIR_RETURN_IF_ERROR(StoreFirst(*token));
  return std::optional<std::string>(*std::move(token));
}

}  // namespace weir::identity
