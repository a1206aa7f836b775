#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/ids/random.h"
#include "common/status/status.h"

namespace weir::crypto {

// Seals secrets at rest with AES-256-GCM (NIST SP 800-38D): "v1" | key id | nonce (96 random bits)
// | ciphertext | tag. Thread-safe.
class Sealer {
 public:
  // `keys`: 32 bytes each, by key id (1 to 32 of [a-z0-9-]); `active` seals, all open.
  // kInvalidArgument names what is wrong.
  static absl::StatusOr<std::unique_ptr<Sealer>> Create(std::map<std::string, std::string> keys,
                                                        std::string active, Random& random);

  // `context` (organisation, object, field) is bound to the result: what was sealed for one place
  // does not open in another.
  std::string Seal(std::string_view plain, std::string_view context) const;

  // kDataLoss: not sealed by us, changed, or for another context. kFailedPrecondition: sealed under
  // a key that is not here, which it names.
  absl::StatusOr<std::string> Open(std::string_view sealed, std::string_view context) const;

 private:
  Sealer(std::map<std::string, std::string> keys, std::string active, Random& random);
  std::map<std::string, std::string> keys_;
  std::string active_;
  Random& random_;
};

// Reads DIR/master.key (64 hex digits, 0600), making it (and DIR, 0700) where it is missing and
// `create` is set. The key's id is the first 8 hex digits of its SHA-256. kFailedPrecondition:
// others may read the file, or it is malformed.
absl::StatusOr<std::unique_ptr<Sealer>> SealerFromDirectory(const std::string& directory,
                                                            bool create, Random& random);

// Reads DIR/NAME as a secret of `bytes` random bytes in hex (the pepper), making it where it is
// missing and `create` is set. Returns the bytes, not the digits. Errors as above; kNotFound:
// missing, and `create` is not set.
absl::StatusOr<std::string> SecretFromDirectory(const std::string& directory, std::string_view name,
                                                size_t bytes, bool create, Random& random);

}  // namespace weir::crypto
