#pragma once

#include <string_view>

#include "common/metrics/registry.h"

namespace weir::metrics {

// Which build runs, as every process says it.
inline void ShowBuild(Registry& registry, std::string_view version) {
  registry
      .NewGauge("weir_build_info", "Always 1; the label says which build runs.",
                {{"version", version}})
      .Set(1);
}

}  // namespace weir::metrics
