#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/crypto/hmac.h"
#include "common/ids/random.h"
#include "common/status/status.h"

// The text of API keys and admin tokens: `wr_` or `wa_`, 12 characters of public id, `_`, 43 of
// secret (256 bits), 6 of check. The check (CRC-32 of all before it, in base 62) tells a mistyped
// key without asking anybody; it protects nothing. Pure functions.
namespace weir::identity {

inline constexpr std::string_view kKeyPrefix = "wr_";
inline constexpr std::string_view kAdminTokenPrefix = "wa_";
inline constexpr size_t kPublicIdLength = 12;
inline constexpr size_t kKeyLength = 3 + kPublicIdLength + 1 + 43 + 6;

// What a key says of itself. Views point into the text.
struct ParsedKey {
  std::string_view prefix;
  // Safe to show and to log.
  std::string_view public_id;
  std::string_view secret;
};

// A new key under `prefix`; secret from its first character to its last.
std::string NewKey(std::string_view prefix, Random& random);

// The text of a key with these parts, which have the right lengths.
std::string FormatKey(std::string_view prefix, std::string_view public_id, std::string_view secret);

// Nothing where `text` is not a key under `prefix`: another length, other characters or a wrong
// check.
std::optional<ParsedKey> ParseKey(std::string_view prefix, std::string_view text);

// Lengths of key values that callers bring along.
struct SuppliedKeyRule {
  size_t min_length = 20;
  size_t max_length = 512;
};

// Whether `text` may be a key: one of ours, or `rule`'s count of printable ASCII characters that
// does not begin as ours do. kInvalidArgument says what is wrong, without showing the text.
absl::Status CheckKeyShape(std::string_view text, const SuppliedKeyRule& rule);

// A public id for a key whose value the caller brought along. It begins with 'x'.
std::string NewSuppliedPublicId(Random& random);

// `text` as it may stand in a message: what looks like a key of ours, or is long enough to be
// somebody's, is hidden.
std::string Shown(std::string_view text);

// Turns credentials into what is kept of them: HMAC(pepper, SHA-256(credential)). Without the
// pepper, a stolen store does not even allow to try guesses. Thread-safe.
class KeyHasher {
 public:
  // `pepper`: at least 16 random bytes, kept apart from the store.
  explicit KeyHasher(std::string_view pepper) : pepper_(pepper) {}
  // 32 bytes.
  std::string operator()(std::string_view credential) const {
    return crypto::ToBytes(pepper_(crypto::ToBytes(crypto::Sha256(credential))));
  }

 private:
  const crypto::Hmac pepper_;
};

}  // namespace weir::identity
