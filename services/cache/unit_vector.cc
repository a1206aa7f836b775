#include "services/cache/unit_vector.h"

#include <cmath>
#include <cstddef>

namespace weir::cache {

bool ToUnitLength(std::span<const int32_t> sums, std::span<float> vector) {
  int64_t squares = 0;
  for (const int32_t each : sums) squares += int64_t{each} * each;
  const double length = std::sqrt(static_cast<double>(squares));
  const float factor = squares > 0 ? static_cast<float>(1 / length) : 0;
  for (size_t i = 0; i < sums.size(); ++i) vector[i] = static_cast<float>(sums[i]) * factor;
  return squares > 0;
}

}  // namespace weir::cache
