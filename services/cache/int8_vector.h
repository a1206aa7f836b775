#pragma once

#include <cstdint>
#include <span>

namespace weir::cache {

// A quarter of the memory of a vector, for a scan whose best are then compared as floats.
//
// Writes each component of `vector` divided by the scale, rounded, into `bytes`, which is as long;
// returns the scale, the largest component / 127 (0 for a vector of zeros). So each component is
// off by half a scale at most, and bytes are -127 to 127: the cosine of two unit vectors is about
// the dot product of their bytes times both scales.
float ToInt8(std::span<const float> vector, std::span<int8_t> bytes);

}  // namespace weir::cache
