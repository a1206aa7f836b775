#pragma once

#include <string>

#include "edge/pipeline/call.h"
#include "weir/cache/v1/cache.pb.h"

namespace weir::edge {

// What the cache is asked and told about one call that may use it.
cache::v1::LookupRequest LookupOf(const Call& call, bool exact_only);
cache::v1::ConfirmRequest ConfirmOf(const Call& call, std::string entry_id);
cache::v1::LeadRequest LeadOf(const Call& call);
// `body` is Recording.body, `usage` what it cost.
cache::v1::RecordRequest RecordOf(const Call& call, std::string body,
                                  const common::v1::Usage& usage);

}  // namespace weir::edge
