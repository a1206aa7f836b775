// The secrets directory: master key and pepper.
#include <filesystem>
#include <span>
#include <system_error>

#include "common/crypto/hmac.h"
#include "common/crypto/sealer.h"
#include "common/crypto/secret_file.h"
#include "common/text/hex.h"

namespace weir::crypto {
namespace {

constexpr std::string_view kMasterKey = "master.key";
constexpr size_t kMasterKeyBytes = 32;

absl::Status MakeDirectory(const std::string& directory) {
  std::error_code error;
  if (std::filesystem::is_directory(directory, error)) return absl::OkStatus();
  std::filesystem::create_directories(directory, error);
  if (!error) {
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  }
  if (error) return status::Unavailable("creating {}: {}", directory, error.message());
  return absl::OkStatus();
}

absl::Status MakeSecret(const std::string& directory, const std::string& path, size_t bytes,
                        Random& random) {
  WEIR_RETURN_IF_ERROR(MakeDirectory(directory));
  std::string secret(bytes, '\0');
  random.Fill(std::as_writable_bytes(std::span(secret)));
  absl::Status made = WriteNewSecretFile(path, text::HexEncode(secret));
  // Somebody else was first: theirs is read.
  return absl::IsAlreadyExists(made) ? absl::OkStatus() : made;
}

}  // namespace

absl::StatusOr<std::string> SecretFromDirectory(const std::string& directory, std::string_view name,
                                                size_t bytes, bool create, Random& random) {
  const std::string path = (std::filesystem::path(directory) / name).string();
  absl::StatusOr<std::string> digits = ReadSecretFile(path);
  if (absl::IsNotFound(digits.status()) && create) {
    WEIR_RETURN_IF_ERROR(MakeSecret(directory, path, bytes, random));
    digits = ReadSecretFile(path);
  }
  WEIR_RETURN_IF_ERROR(digits.status());
  std::optional<std::string> secret = text::HexDecode(*digits);
  if (!secret || secret->size() != bytes) {
    return status::FailedPrecondition("{} holds {} characters, want {} hex digits", path,
                                      digits->size(), 2 * bytes);
  }
  return *std::move(secret);
}

absl::StatusOr<std::unique_ptr<Sealer>> SealerFromDirectory(const std::string& directory,
                                                            bool create, Random& random) {
  WEIR_ASSIGN_OR_RETURN(
      std::string key, SecretFromDirectory(directory, kMasterKey, kMasterKeyBytes, create, random));
  const std::string id = text::HexEncode(ToBytes(Sha256(key))).substr(0, 8);
  std::map<std::string, std::string> keys = {{id, std::move(key)}};
  return Sealer::Create(std::move(keys), id, random);
}

}  // namespace weir::crypto
