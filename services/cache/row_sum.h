#pragma once

#include <cstdint>
#include <span>

#include "services/cache/safetensors.h"

namespace weir::cache {

// Adds up rows of `table`: sums[c] is the sum of column c over `rows`, each of which is in the
// table; a row may come again. `sums` has as many as the table columns, a multiple of 32. Exact for
// up to 2^24 rows, so all of them give the same.
using RowSum = void (*)(const Int8Matrix& table, std::span<const uint32_t> rows,
                        std::span<int32_t> sums);

void SumRowsPortably(const Int8Matrix& table, std::span<const uint32_t> rows,
                     std::span<int32_t> sums);

// With AVX2; null where this processor has none.
RowSum Avx2RowSum();

// The quickest one of this processor.
RowSum FastestRowSum();

}  // namespace weir::cache
