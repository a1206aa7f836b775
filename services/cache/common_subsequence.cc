#include "services/cache/common_subsequence.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace weir::cache {
namespace {

// For each value of a sequence, the places where it stands, as bits.
class Places {
 public:
  explicit Places(std::span<const uint32_t> sequence)
      : blocks_((sequence.size() + 63) / 64), values_(sequence.begin(), sequence.end()) {
    std::ranges::sort(values_);
    const auto repeated = std::ranges::unique(values_);
    values_.erase(repeated.begin(), repeated.end());
    bits_.resize(values_.size() * blocks_);
    for (size_t i = 0; i < sequence.size(); ++i) {
      const auto at = std::ranges::lower_bound(values_, sequence[i]) - values_.begin();
      bits_[static_cast<size_t>(at) * blocks_ + i / 64] |= uint64_t{1} << (i % 64);
    }
  }

  size_t blocks() const { return blocks_; }

  // Null where it stands nowhere.
  const uint64_t* Of(uint32_t value) const {
    const auto at = std::ranges::lower_bound(values_, value);
    if (at == values_.end() || *at != value) return nullptr;
    return &bits_[static_cast<size_t>(at - values_.begin()) * blocks_];
  }

 private:
  size_t blocks_;
  std::vector<uint32_t> values_;
  std::vector<uint64_t> bits_;
};

// One row of the usual table, whose steps are the zeros of `row` (Hyyro 2004).
void Advance(std::vector<uint64_t>& row, const uint64_t* matches) {
  bool carry = false;
  for (size_t i = 0; i < row.size(); ++i) {
    const uint64_t matched = row[i] & matches[i];
    const uint64_t sum = row[i] + matched;
    const uint64_t total = sum + (carry ? 1 : 0);
    carry = sum < row[i] || total < sum;
    row[i] = total | (row[i] & ~matches[i]);
  }
}

}  // namespace

size_t LongestCommonSubsequence(std::span<const uint32_t> a, std::span<const uint32_t> b) {
  const Places places(a);
  std::vector<uint64_t> row(places.blocks(), ~uint64_t{0});
  for (const uint32_t value : b) {
    if (const uint64_t* matches = places.Of(value)) Advance(row, matches);
  }
  size_t length = 0;
  for (const uint64_t block : row) length += static_cast<size_t>(std::popcount(~block));
  return length;
}

}  // namespace weir::cache
