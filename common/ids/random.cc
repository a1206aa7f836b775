#include "common/ids/random.h"

#include <openssl/rand.h>

#include <cstdlib>

namespace weir {
namespace {

// 48 bits of milliseconds, the most significant first.
constexpr size_t kTimeBytes = 6;

}  // namespace

void SecureRandom::Fill(std::span<std::byte> out) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())) != 1) {
    std::abort();
  }
}

std::string NewRequestId(WallTime now, Random& random) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::array<std::byte, 16> bits;
  random.Fill(std::span(bits).subspan(kTimeBytes));
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  uint64_t ms = static_cast<uint64_t>(since_epoch.count());
  for (size_t i = kTimeBytes; i-- > 0; ms >>= 8) bits[i] = static_cast<std::byte>(ms);
  bits[6] = (bits[6] & std::byte{0x0f}) | std::byte{0x70};  // The version.
  bits[8] = (bits[8] & std::byte{0x3f}) | std::byte{0x80};  // The variant.
  std::string id(2 * bits.size(), '0');
  for (size_t i = 0; i < bits.size(); ++i) {
    id[2 * i] = kHex[std::to_integer<int>(bits[i] >> 4)];
    id[2 * i + 1] = kHex[std::to_integer<int>(bits[i] & std::byte{15})];
  }
  return id;
}

std::string RandomBase62(Random& random, size_t length) {
  static constexpr char kDigits[] =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string text;
  text.reserve(length);
  std::array<std::byte, 64> pool;
  while (text.size() < length) {
    random.Fill(pool);
    for (std::byte each : pool) {
      // 248 = 4 * 62: values above it would favour the first digits.
      const int value = std::to_integer<int>(each);
      if (value < 248 && text.size() < length) text.push_back(kDigits[value % 62]);
    }
  }
  return text;
}

}  // namespace weir
