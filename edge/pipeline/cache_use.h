#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "edge/caching/cache_headers.h"
#include "edge/caching/request_identity.h"
#include "edge/pipeline/answer_cache.h"
#include "edge/pipeline/policy_view.h"

namespace weir::edge {

// The cache as one call uses it.
struct CacheUse {
  std::shared_ptr<const CachePolicyView::Snapshot> table;  // Null: there is no cache.
  // The narrowest that applies; null: none does, and nothing of the cache is said to the client.
  const cache::v1::PolicyEntry* policy = nullptr;
  CacheControl control;
  RequestIdentity identity;
  cache::v1::Partition partition;
  CacheStatus status = CacheStatus::kBypass;
  bool is_withheld = false;
  bool is_in_touch = false;  // The cache is there, as far as it is known.
  // While this one waits for another's answer.
  std::shared_ptr<AnswerCache::Wait> wait;
  Flight flight;   // Others wait for this one's answer.
  Duration age{};  // Of a hit.
  // For the log line: why it was no hit, or what kind of one.
  std::string reason;

  // Nothing of this request is looked up or kept any more.
  void Withhold(std::string_view why) {
    if (policy == nullptr) return;
    is_withheld = true;
    status = CacheStatus::kBypass;
    reason = why;
  }
  // Its questions are embedded by somebody else.
  bool embeds_elsewhere() const {
    return policy != nullptr && policy->semantic() && table->table->remote_embedder();
  }

  bool is_usable() const {
    return policy != nullptr && !is_withheld && identity.bypass == CacheBypass::kNone;
  }
  bool may_look_up() const { return is_usable() && control.may_look_up(); }
  bool may_record() const { return is_usable() && control.may_record(); }
  // Equal requests are sent once.
  bool may_lead() const {
    return policy != nullptr && policy->single_flight() && is_in_touch && may_look_up() &&
           may_record() && !control.only_if_cached;
  }
};

}  // namespace weir::edge
