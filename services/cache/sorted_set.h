#pragma once

#include <algorithm>
#include <vector>

namespace weir::cache {

// Makes them ascending, once each: what std::ranges::set_difference and its like take.
template <typename T>
void MakeSet(std::vector<T>& values) {
  std::ranges::sort(values);
  const auto repeated = std::ranges::unique(values);
  values.erase(repeated.begin(), repeated.end());
}

}  // namespace weir::cache
