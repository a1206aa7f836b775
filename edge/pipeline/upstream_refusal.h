#pragma once

#include <string_view>

#include "edge/http/error_body.h"
#include "edge/upstream/upstream_call.h"

namespace weir::edge {

// What a client hears of an answer that rules keep from it: `why` is Guard::JudgeAnswer's.
Refusal RefusalForJudgement(const absl::Status& why);

// What a client is told of a provider that could not be reached, or did not answer in time.
Refusal RefusalForUpstream(const absl::Status& status, std::string_view provider);

// What a client is told of a provider's error answer. A provider that refuses *our* credential is a
// 502: the client's key is fine. Other 4xx and 5xx keep their status, and the provider's message.
Refusal RefusalForAnswer(const UpstreamCall& upstream, std::string_view body,
                         std::string_view provider);

}  // namespace weir::edge
