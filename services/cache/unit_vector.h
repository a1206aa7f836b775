#pragma once

#include <cstdint>
#include <span>

namespace weir::cache {

// Writes `sums`, brought to length 1, into `vector`, which is as long. The same bits on every
// machine: whole numbers up to one division and one rounding a component.
//
// False: `sums` are zeros, and so is `vector`.
[[nodiscard]] bool ToUnitLength(std::span<const int32_t> sums, std::span<float> vector);

}  // namespace weir::cache
