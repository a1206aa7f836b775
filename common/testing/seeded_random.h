#pragma once

#include <random>

#include "common/async/mutex.h"
#include "common/ids/random.h"

namespace weir::testing {

// The same bytes for the same seed. Not for keys. Thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  void Fill(std::span<std::byte> out) override {
    MutexLock lock(mutex_);
    for (std::byte& each : out) each = static_cast<std::byte>(engine_() & 0xff);
  }

 private:
  Mutex mutex_;
  std::mt19937_64 engine_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace weir::testing
