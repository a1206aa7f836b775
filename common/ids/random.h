#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

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

// 128 random bits as 32 lower-case hex digits: the id of a request.
std::string NewRequestId(Random& random);

// `length` characters of [0-9A-Za-z], each with all its entropy (no modulo bias).
std::string RandomBase62(Random& random, size_t length);

}  // namespace weir
