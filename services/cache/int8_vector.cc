#include "services/cache/int8_vector.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace weir::cache {
namespace {

// Added to a small number, leaves the nearest whole one in the lowest bits (of two the even one):
// as std::lrint, and in registers.
constexpr float kRounder = 0x1.8p23F;

}  // namespace

float ToInt8(std::span<const float> vector, std::span<int8_t> bytes) {
  float largest = 0;
  for (const float each : vector) largest = std::max(largest, std::fabs(each));
  const float per_step = largest > 0 ? 127 / largest : 0;
  for (size_t i = 0; i < vector.size(); ++i) {
    bytes[i] = static_cast<int8_t>(std::bit_cast<int32_t>(vector[i] * per_step + kRounder) -
                                   std::bit_cast<int32_t>(kRounder));
  }
  return largest / 127;
}

}  // namespace weir::cache
