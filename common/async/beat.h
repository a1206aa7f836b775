#pragma once

#include "common/time/clock.h"

namespace weir {

// Until the next multiple of `period`, which is positive: those of a loop whose periods fit into
// one another wake it together.
inline Duration UntilNextBeat(MonotonicTime now, Duration period) {
  return period - now.time_since_epoch() % period;
}

}  // namespace weir
