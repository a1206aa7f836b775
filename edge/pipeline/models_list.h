#pragma once

#include <optional>
#include <string>

#include "edge/pipeline/call.h"

namespace weir::edge {

// OpenAI's list of the models that the caller may use here, or the one that the path names; none
// where that does not exist.
std::optional<std::string> ModelsBody(const Call& call);

}  // namespace weir::edge
