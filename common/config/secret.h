#pragma once

#include <string>

#include "common/log/redacted.h"

namespace weir::config {

// A key, password or token from the configuration. Cannot be logged or formatted; a dump shows
// "***". Reveal() where it is used.
class Secret : public log::Redacted<std::string> {
 public:
  Secret() = default;
  explicit Secret(std::string value) : Redacted(std::move(value)) {}

  bool empty() const { return Reveal().empty(); }
};

}  // namespace weir::config
