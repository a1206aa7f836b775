#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::crypto {

using Digest = std::array<uint8_t, 32>;

// FIPS 180-4. Thread-safe.
Digest Sha256(std::string_view data);

// HMAC-SHA256 (RFC 2104) with one key. Keeps the keyed state, so that a call costs well under 1 us.
// Thread-safe (a context per thread).
class Hmac {
 public:
  // `key` of any length; copied.
  explicit Hmac(std::string_view key);
  ~Hmac();
  Hmac(const Hmac&) = delete;
  Hmac& operator=(const Hmac&) = delete;
  Digest operator()(std::string_view data) const;

 private:
  struct State;
  State* state_;
};

// Takes the same time wherever the two differ; sizes are no secret.
bool EqualInConstantTime(std::string_view a, std::string_view b);

// The digest's bytes as they are.
std::string ToBytes(const Digest& digest);

}  // namespace weir::crypto
