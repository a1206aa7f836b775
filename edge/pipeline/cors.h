#pragma once

#include <optional>

#include "edge/http/error_body.h"
#include "edge/pipeline/call.h"

namespace weir::edge {

// CORS by the matched proxy's allow-list: off where it has none, exact origins, "*" for any.

// Adds what a browser needs to read the answer, where the request's Origin is allowed.
void AddCorsHeaders(const Call& call, Headers& headers);

// Answers a preflight (OPTIONS) with 204 and what is allowed, and returns none; a 403 to be sent
// where the origin is not.
asio::awaitable<std::optional<Refusal>> AnswerPreflight(CallPtr call);

}  // namespace weir::edge
