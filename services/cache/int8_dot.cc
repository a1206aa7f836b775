#include "services/cache/int8_dot.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weir::cache {
namespace {

// By a product of two: what both processors without VNNI and tests have.
template <Int8Dot kDot>
void EachDot(const int8_t* rows, size_t count, const int8_t* query, size_t size, int32_t* dots) {
  for (size_t i = 0; i < count; ++i) dots[i] = kDot(rows + i * size, query, size);
}

}  // namespace

int32_t Int8DotPortably(const int8_t* a, const int8_t* b, size_t size) {
  int32_t sum = 0;
  for (size_t i = 0; i < size; ++i) sum += int32_t{a[i]} * b[i];
  return sum;
}

float FloatDotPortably(const float* a, const float* b, size_t size) {
  float sums[8] = {};
  for (size_t i = 0; i + 8 <= size; i += 8) {
    for (size_t lane = 0; lane < 8; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  float sum = 0;
  for (const float each : sums) sum += each;
  return sum;
}

#if defined(__x86_64__)
namespace {

[[gnu::target("avx2")]] __m256i Products(const int8_t* a, const int8_t* b) {
  const __m256i wide_a = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a)));
  const __m256i wide_b = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(b)));
  return _mm256_madd_epi16(wide_a, wide_b);
}

[[gnu::target("avx2")]] int32_t Sum(__m256i lanes) {
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
  return _mm_cvtsi128_si32(sum);
}

[[gnu::target("avx2")]] int32_t Int8DotWithAvx2(const int8_t* a, const int8_t* b, size_t size) {
  __m256i first = _mm256_setzero_si256();
  __m256i second = _mm256_setzero_si256();
  for (size_t i = 0; i < size; i += 32) {
    first = _mm256_add_epi32(first, Products(a + i, b + i));
    second = _mm256_add_epi32(second, Products(a + i + 16, b + i + 16));
  }
  return Sum(_mm256_add_epi32(first, second));
}

[[gnu::target("avx2,fma")]] float FloatDotWithAvx2(const float* a, const float* b, size_t size) {
  __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
                    _mm256_setzero_ps()};
  for (size_t i = 0; i < size; i += 32) {
    for (size_t lane = 0; lane < 4; ++lane) {
      sums[lane] = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8 * lane),
                                   _mm256_loadu_ps(b + i + 8 * lane), sums[lane]);
    }
  }
  const __m256 sum =
      _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3]));
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  half = _mm_add_ss(half, _mm_shuffle_ps(half, half, 1));
  return _mm_cvtss_f32(half);
}

#define WEIR_VNNI [[gnu::target("avx512f,avx512bw,avx512vl,avx512vnni")]]

// VNNI multiplies bytes without a sign by bytes with one: the sign of `a` goes over to `b`.
WEIR_VNNI __m512i AddProducts(__m512i sums, __m512i a, __m512i b) {
  const __mmask64 negative = _mm512_movepi8_mask(a);
  const __m512i turned = _mm512_mask_sub_epi8(b, negative, _mm512_setzero_si512(), b);
  return _mm512_dpbusd_epi32(sums, _mm512_abs_epi8(a), turned);
}

// The sums of four registers' lanes, side by side.
WEIR_VNNI __m128i SumsOfFour(const __m512i (&lanes)[4]) {
  __m256i halves[4];
  for (size_t i = 0; i < 4; ++i) {
    halves[i] =
        _mm256_add_epi32(_mm512_castsi512_si256(lanes[i]), _mm512_extracti64x4_epi64(lanes[i], 1));
  }
  const __m256i sums = _mm256_hadd_epi32(_mm256_hadd_epi32(halves[0], halves[1]),
                                         _mm256_hadd_epi32(halves[2], halves[3]));
  return _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
}

// A query of kRegisters * 64 components stays in registers over all rows.
template <size_t kRegisters>
WEIR_VNNI void DotsWithVnni(const int8_t* rows, size_t count, const int8_t* query, int32_t* dots) {
  __m512i sizes[kRegisters];
  __mmask64 negative[kRegisters];
  for (size_t i = 0; i < kRegisters; ++i) {
    const __m512i values = _mm512_loadu_si512(query + i * 64);
    sizes[i] = _mm512_abs_epi8(values);
    negative[i] = _mm512_movepi8_mask(values);
  }
  for (size_t row = 0; row < count; row += 4) {
    __m512i sums[4];
    for (size_t k = 0; k < 4; ++k) {
      sums[k] = _mm512_setzero_si512();
      // The last is taken again where there are no four.
      const int8_t* const at = rows + std::min(row + k, count - 1) * kRegisters * 64;
      for (size_t i = 0; i < kRegisters; ++i) {
        const __m512i values = _mm512_loadu_si512(at + i * 64);
        const __m512i turned =
            _mm512_mask_sub_epi8(values, negative[i], _mm512_setzero_si512(), values);
        sums[k] = _mm512_dpbusd_epi32(sums[k], sizes[i], turned);
      }
    }
    const auto wanted = static_cast<__mmask8>((1U << std::min<size_t>(4, count - row)) - 1);
    _mm_mask_storeu_epi32(dots + row, wanted, SumsOfFour(sums));
  }
}

WEIR_VNNI int32_t DotWithVnni(const int8_t* a, const int8_t* b, size_t size) {
  __m512i sums = _mm512_setzero_si512();
  size_t i = 0;
  for (; i + 64 <= size; i += 64) {
    sums = AddProducts(sums, _mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i));
  }
  if (i < size) {
    constexpr __mmask64 kHalf = 0xFFFF'FFFF;
    sums = AddProducts(sums, _mm512_maskz_loadu_epi8(kHalf, a + i),
                       _mm512_maskz_loadu_epi8(kHalf, b + i));
  }
  return _mm512_reduce_add_epi32(sums);
}

WEIR_VNNI void Int8DotsWithVnni(const int8_t* rows, size_t count, const int8_t* query, size_t size,
                                int32_t* dots) {
  // The table's, and the commonest others.
  if (count == 1) {
    dots[0] = DotWithVnni(rows, query, size);
    return;
  }
  if (size == 64) return DotsWithVnni<1>(rows, count, query, dots);
  if (size == 256) return DotsWithVnni<4>(rows, count, query, dots);
  if (size == 512) return DotsWithVnni<8>(rows, count, query, dots);
  for (size_t i = 0; i < count; ++i) dots[i] = DotWithVnni(rows + i * size, query, size);
}

#undef WEIR_VNNI

}  // namespace

Int8Dots VnniInt8Dots() {
  const bool has = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512vnni");
  return has ? &Int8DotsWithVnni : nullptr;
}
Int8Dots Avx2Int8Dots() {
  return __builtin_cpu_supports("avx2") ? &EachDot<Int8DotWithAvx2> : nullptr;
}
Int8Dot Avx2Int8Dot() { return __builtin_cpu_supports("avx2") ? &Int8DotWithAvx2 : nullptr; }
FloatDot Avx2FloatDot() {
  const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return has ? &FloatDotWithAvx2 : nullptr;
}
#else
Int8Dots VnniInt8Dots() { return nullptr; }
Int8Dots Avx2Int8Dots() { return nullptr; }
Int8Dot Avx2Int8Dot() { return nullptr; }
FloatDot Avx2FloatDot() { return nullptr; }
#endif

Int8Dot FastestInt8Dot() {
  const Int8Dot quick = Avx2Int8Dot();
  return quick != nullptr ? quick : &Int8DotPortably;
}

Int8Dots FastestInt8Dots() {
  const Int8Dots quickest = VnniInt8Dots();
  if (quickest != nullptr) return quickest;
  const Int8Dots quick = Avx2Int8Dots();
  return quick != nullptr ? quick : &EachDot<Int8DotPortably>;
}

FloatDot FastestFloatDot() {
  const FloatDot quick = Avx2FloatDot();
  return quick != nullptr ? quick : &FloatDotPortably;
}

}  // namespace weir::cache
