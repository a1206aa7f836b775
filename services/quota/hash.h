#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <type_traits>

namespace weir::quota {

// Spreads the bits of `value` over all 64.
inline uint64_t Mix(uint64_t value) {
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93;
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93;
  return value ^ (value >> 32);
}

// A hash of strings and integers in this order, for tables in memory; not stable over releases.
template <typename... Parts>
uint64_t HashOf(const Parts&... parts) {
  uint64_t hash = 0;
  const auto add = [&hash](const auto& part) {
    if constexpr (std::is_convertible_v<decltype(part), std::string_view>) {
      hash = Mix(hash ^ std::hash<std::string_view>{}(part));
    } else {
      hash = Mix(hash ^ (static_cast<uint64_t>(part) + 0x9e3779b97f4a7c15));
    }
  };
  (add(parts), ...);
  return hash;
}

// Lets a table of std::string be asked with a std::string_view.
struct NameHash {
  using is_transparent = void;
  size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
};

}  // namespace weir::quota
