#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "common/time/clock.h"

namespace weir {

// Where randomness comes from. Injected, so that a test runs with a seed. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  // Fills `out` wholly.
  virtual void Fill(std::span<std::byte> out) = 0;
};

// The kernel's generator, through OpenSSL: fit for keys. A failure ends the process: there is no
// safe way on.
class SecureRandom final : public Random {
 public:
  void Fill(std::span<std::byte> out) override;
};

// The id of a request: 32 lower-case hex digits, the bits of a UUID of version 7 (RFC 9562) without
// its hyphens. Ids sort by the millisecond of `now`, so what is stored by them grows at its end;
// 74 random bits keep those of one millisecond apart.
std::string NewRequestId(WallTime now, Random& random);

// `length` characters of [0-9A-Za-z], each with all its entropy (no modulo bias).
std::string RandomBase62(Random& random, size_t length);

}  // namespace weir
