#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace weir::cache {

// The length of the longest sequence that both have, gaps allowed. Works on 64 places of `a` at a
// time: 512 against 512 words take some microseconds.
size_t LongestCommonSubsequence(std::span<const uint32_t> a, std::span<const uint32_t> b);

}  // namespace weir::cache
