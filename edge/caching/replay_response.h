#pragma once

#include <simdjson.h>

#include <string>
#include <vector>

#include "edge/caching/responses_answer.h"

namespace weir::edge {

// The typed events of a responses stream, numbered from 0, that end in `response` as told again:
// server-sent, each whole. `response` is recordable.
std::vector<std::string> ResponseStream(simdjson::dom::object response,
                                        const ResponseRetelling& retelling);

}  // namespace weir::edge
