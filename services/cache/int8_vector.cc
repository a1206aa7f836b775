#include "services/cache/int8_vector.h"

#include <algorithm>
#include <cmath>

namespace weir::cache {

float ToInt8(std::span<const float> vector, std::span<int8_t> bytes) {
  float largest = 0;
  for (const float each : vector) largest = std::max(largest, std::fabs(each));
  const float per_step = largest > 0 ? 127 / largest : 0;
  for (size_t i = 0; i < vector.size(); ++i) {
    bytes[i] = static_cast<int8_t>(std::lrint(vector[i] * per_step));
  }
  return largest / 127;
}

}  // namespace weir::cache
