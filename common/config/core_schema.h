#pragma once

#include <string>
#include <string_view>

namespace weir::config {

// Appends the JSON of a YAML scalar by the core schema of YAML 1.2: null, true, 30, 0x1F, 2.5,
// .inf; anything else, and all that was quoted, is text.
void AppendScalar(std::string& json, std::string_view scalar, bool quoted);

}  // namespace weir::config
