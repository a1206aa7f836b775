#pragma once

#include "edge/pipeline/call.h"

namespace weir::edge {

// The one `request.done` line of a request: who, what, where it went, what it cost. No prompt, no
// key, no provider credential.
void LogRequest(const Call& call);

}  // namespace weir::edge
