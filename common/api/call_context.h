#pragma once

#include "common/time/clock.h"

namespace weir::api {

// What travels with every call through a seam. Cheap to copy.
struct CallContext {
  // Afterwards nobody waits for the answer. A core answers kDeadlineExceeded instead of beginning
  // late work.
  MonotonicTime deadline = MonotonicTime::max();
};

}  // namespace weir::api
