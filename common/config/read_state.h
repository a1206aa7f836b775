#pragma once

#include "common/config/environment.h"
#include "common/config/faults.h"
#include "common/config/settings.h"

namespace weir::config {

// What the Readers of one configuration share.
class ReadState {
 public:
  Faults& faults;
  Overrides& overrides;
  Settings settings = {};
};

}  // namespace weir::config
