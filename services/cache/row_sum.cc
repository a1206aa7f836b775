#include "services/cache/row_sum.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weir::cache {

void SumRowsPortably(const Int8Matrix& table, std::span<const uint32_t> rows,
                     std::span<int32_t> sums) {
  std::ranges::fill(sums, 0);
  for (const uint32_t row : rows) {
    const int8_t* const values = table.values + row * table.columns;
    for (size_t c = 0; c < sums.size(); ++c) sums[c] += values[c];
  }
}

#if defined(__x86_64__)
namespace {

// So many bytes add up in 16 bits: 256 * -128 = -32,768.
constexpr size_t kRowsIn16Bits = 256;
constexpr size_t kStep = 16;  // Columns in a register.

// Adds kRegisters * 16 columns from `column` on, of at most kRowsIn16Bits rows. Sums stay in
// registers over all rows, in half the width of the result.
template <size_t kRegisters>
[[gnu::target("avx2")]] void AddColumns(const Int8Matrix& table, std::span<const uint32_t> rows,
                                        size_t column, int32_t* sums) {
  __m256i narrow[kRegisters];
  for (__m256i& each : narrow) each = _mm256_setzero_si256();
  for (const uint32_t row : rows) {
    const int8_t* const values = table.values + row * table.columns + column;
    for (size_t i = 0; i < kRegisters; ++i) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(values + i * kStep));
      narrow[i] = _mm256_add_epi16(narrow[i], _mm256_cvtepi8_epi16(bytes));
    }
  }
  for (size_t i = 0; i < kRegisters; ++i) {
    auto* const at = reinterpret_cast<__m256i*>(sums + column + i * kStep);
    const __m256i low = _mm256_cvtepi16_epi32(_mm256_castsi256_si128(narrow[i]));
    const __m256i high = _mm256_cvtepi16_epi32(_mm256_extracti128_si256(narrow[i], 1));
    _mm256_storeu_si256(at, _mm256_add_epi32(_mm256_loadu_si256(at), low));
    _mm256_storeu_si256(at + 1, _mm256_add_epi32(_mm256_loadu_si256(at + 1), high));
  }
}

[[gnu::target("avx2")]] void SumRowsAvx2(const Int8Matrix& table, std::span<const uint32_t> rows,
                                         std::span<int32_t> sums) {
  std::ranges::fill(sums, 0);
  while (!rows.empty()) {
    const std::span<const uint32_t> some = rows.first(std::min(rows.size(), kRowsIn16Bits));
    size_t column = 0;
    for (; column + 8 * kStep <= sums.size(); column += 8 * kStep) {
      AddColumns<8>(table, some, column, sums.data());
    }
    for (; column < sums.size(); column += 2 * kStep) {
      AddColumns<2>(table, some, column, sums.data());
    }
    rows = rows.subspan(some.size());
  }
}

}  // namespace

RowSum Avx2RowSum() { return __builtin_cpu_supports("avx2") ? SumRowsAvx2 : nullptr; }
#else
RowSum Avx2RowSum() { return nullptr; }
#endif

RowSum FastestRowSum() {
  const RowSum avx2 = Avx2RowSum();
  return avx2 != nullptr ? avx2 : SumRowsPortably;
}

}  // namespace weir::cache
