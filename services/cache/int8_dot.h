#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::cache {

// The dot product of `size` bytes each, a multiple of 32 up to 65,536; nothing is -128. Exact.
using Int8Dot = int32_t (*)(const int8_t* a, const int8_t* b, size_t size);
// The same of floats, in single precision: adds up in an order of its own.
using FloatDot = float (*)(const float* a, const float* b, size_t size);

// One vector, `query`, with `count` of them that lie one behind the other from `rows` on: as
// Int8Dot of each, into `dots`.
using Int8Dots = void (*)(const int8_t* rows, size_t count, const int8_t* query, size_t size,
                          int32_t* dots);

int32_t Int8DotPortably(const int8_t* a, const int8_t* b, size_t size);
float FloatDotPortably(const float* a, const float* b, size_t size);

// With AVX2 (and FMA); null where this processor has none.
Int8Dot Avx2Int8Dot();
FloatDot Avx2FloatDot();
Int8Dots Avx2Int8Dots();
// With AVX-512 and its VNNI; null where this processor has none.
Int8Dots VnniInt8Dots();

// The quickest of this processor.
Int8Dot FastestInt8Dot();
Int8Dots FastestInt8Dots();
FloatDot FastestFloatDot();

}  // namespace weir::cache
