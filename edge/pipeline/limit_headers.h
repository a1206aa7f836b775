#pragma once

#include "common/status/status.h"
#include "edge/http/exchange.h"
#include "weir/quota/v1/quota.pb.h"

namespace weir::edge {

// x-ratelimit-{limit,remaining,reset}-{requests,tokens} of the tightest limit of each unit
// (OpenAI's family; reset as "6m0s"), and X-RateLimit-{Limit,Remaining,Reset} (whole seconds) of
// the tightest token limit, else of the request limit. Limits that only observe are left out.
Headers LimitHeaders(const google::protobuf::RepeatedPtrField<quota::v1::LimitState>& states);

// The same of the limit that refused; empty where the status carries none.
Headers LimitHeaders(const absl::Status& refused);

}  // namespace weir::edge
