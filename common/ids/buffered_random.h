#pragma once

#include <algorithm>

#include "common/ids/random.h"

namespace weir {

// Draws from `inner` a kilobyte at a time: a call of the system's generator costs microseconds,
// whatever its size. What it gives out waits in memory until then: for ids, not for keys.
//
// Not thread-safe, against its base: one for each loop. `inner` must outlive it.
class BufferedRandom final : public Random {
 public:
  explicit BufferedRandom(Random& inner) : inner_(inner) {}

  void Fill(std::span<std::byte> out) override {
    while (!out.empty()) {
      if (used_ == pool_.size()) {
        inner_.Fill(pool_);
        used_ = 0;
      }
      const size_t size = std::min(out.size(), pool_.size() - used_);
      std::copy_n(pool_.begin() + static_cast<std::ptrdiff_t>(used_), size, out.begin());
      used_ += size;
      out = out.subspan(size);
    }
  }

 private:
  Random& inner_;
  std::array<std::byte, 1024> pool_;
  size_t used_ = pool_.size();
};

}  // namespace weir
