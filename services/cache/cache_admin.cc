#include "services/cache/cache_admin.h"

#include <google/protobuf/util/message_differencer.h>

#include <utility>
#include <vector>

#include "common/api/list_page.h"
#include "common/status/bad_fields.h"
#include "common/text/excerpt.h"
#include "services/cache/explanation.h"
#include "services/cache/policy_rules.h"

namespace weir::cache {
namespace {

using google::protobuf::util::MessageDifferencer;

// Edits of other processes that may come in between before ours gives up.
constexpr int kMaxTries = 8;
constexpr size_t kMaxExplainedBytes = 8 << 10;
constexpr size_t kMaxTextBytes = 200;

const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

// Makes the edit anew where another process was faster.
template <typename Try>
auto Retrying(Try attempt) {
  auto result = attempt();
  for (int tries = 1; tries < kMaxTries; ++tries) {
    if (StatusOf(result).code() != absl::StatusCode::kAborted) break;
    result = attempt();
  }
  return result;
}

absl::Status NoSuchPolicy(const std::string& organization, const std::string& name) {
  return status::NotFound("cache policy '{}' of organisation '{}' does not exist", name,
                          organization);
}

void CheckWhat(const v1::InvalidateCacheRequest& request, status::BadFields& bad) {
  switch (request.what_case()) {
    case v1::InvalidateCacheRequest::kPolicy:
      return CheckPolicyName("policy", request.policy(), bad);
    case v1::InvalidateCacheRequest::kAuthor: {
      const std::string& author = request.author();
      const bool good = author.starts_with("user:") || author.starts_with("key:");
      return bad.Require(good && author.size() <= kMaxTextBytes, "author", text::Excerpt(author),
                         "\"user:NAME\" or \"key:PUBLIC_ID\"");
    }
    case v1::InvalidateCacheRequest::kEntryId:
      return bad.Require(!request.entry_id().empty() && request.entry_id().size() <= kMaxTextBytes,
                         "entry_id", text::Excerpt(request.entry_id()), "an id");
    case v1::InvalidateCacheRequest::kEverything:
      if (!request.everything()) bad.Add("everything", "is false, want true or another choice");
      return;
    default:
      bad.Add("what", "is missing: policy, author, entry_id or everything");
  }
}

}  // namespace

PolicyEdit CacheAdmin::Edit(const api::AdminCall& call, const PolicySet& read) const {
  return {.read_at = read.sequence(), .actor = call.actor, .at = deps_.clock.Now()};
}

void CacheAdmin::TakeUp() {
  deps_.policies.Refresh().IgnoreError();
  deps_.cache.DropUseless();
}

absl::StatusOr<v1::PutCachePolicyResponse> CacheAdmin::TryPut(
    const api::AdminCall& call, const v1::PutCachePolicyRequest& request) {
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const PolicySet> policies, deps_.policies.Refresh());
  const v1::CachePolicy& wanted = request.policy();
  status::BadFields bad;
  CheckPolicy(wanted, bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());

  const StoredPolicy* const stored = policies->FindStored(wanted.organization(), wanted.name());
  v1::PutCachePolicyResponse response;
  *response.mutable_policy() = wanted;
  response.set_changed(stored == nullptr || !MessageDifferencer::Equals(stored->policy, wanted));
  if (!response.changed() || request.validate_only()) return response;
  const bool begins_anew = stored == nullptr || MakesAnswersUseless(stored->policy, wanted);
  const auto next = static_cast<uint64_t>(policies->sequence() + 1);
  const StoredPolicy policy{.policy = wanted, .epoch = begins_anew ? next : stored->epoch};
  WEIR_RETURN_IF_ERROR(deps_.store.Put({&policy, 1}, Edit(call, *policies)).status());
  TakeUp();
  return response;
}

absl::StatusOr<v1::PutCachePolicyResponse> CacheAdmin::PutCachePolicy(
    const api::AdminCall& call, const v1::PutCachePolicyRequest& request) {
  MutexLock lock(edit_mutex_);
  return Retrying([&] { return TryPut(call, request); });
}

absl::StatusOr<v1::ListCachePoliciesResponse> CacheAdmin::ListCachePolicies(
    const api::AdminCall&, const v1::ListCachePoliciesRequest& request) {
  status::BadFields bad;
  CheckOrganization("organization", request.organization(), bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  WEIR_ASSIGN_OR_RETURN(const api::Page page,
                        api::ReadPage(request.page_size(), request.page_token()));
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const PolicySet> policies, deps_.policies.Refresh());
  v1::ListCachePoliciesResponse response;
  for (const StoredPolicy& each : policies->stored().policies) {
    const bool on_page =
        each.policy.organization() == request.organization() && each.policy.name() > page.after;
    if (!on_page) continue;
    if (static_cast<size_t>(response.policies_size()) == page.size) {
      response.set_next_page_token(
          api::TokenAfter(response.policies(response.policies_size() - 1).name()));
      break;
    }
    *response.add_policies() = each.policy;
  }
  return response;
}

absl::Status CacheAdmin::TryDelete(const api::AdminCall& call,
                                   const v1::DeleteCachePolicyRequest& request) {
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const PolicySet> policies, deps_.policies.Refresh());
  WEIR_RETURN_IF_ERROR(
      deps_.store.Delete(request.organization(), request.name(), Edit(call, *policies)).status());
  TakeUp();
  return absl::OkStatus();
}

absl::StatusOr<v1::DeleteCachePolicyResponse> CacheAdmin::DeleteCachePolicy(
    const api::AdminCall& call, const v1::DeleteCachePolicyRequest& request) {
  status::BadFields bad;
  CheckOrganization("organization", request.organization(), bad);
  CheckPolicyName("name", request.name(), bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  MutexLock lock(edit_mutex_);
  WEIR_RETURN_IF_ERROR(Retrying([&] { return TryDelete(call, request); }));
  return v1::DeleteCachePolicyResponse();
}

absl::Status CacheAdmin::TryRaiseEpochs(const api::AdminCall& call, const std::string& organization,
                                        const std::string& policy) {
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const PolicySet> policies, deps_.policies.Refresh());
  std::vector<StoredPolicy> raised;
  for (const StoredPolicy& each : policies->stored().policies) {
    const bool meant = each.policy.organization() == organization &&
                       (policy.empty() || each.policy.name() == policy);
    if (!meant) continue;
    raised.push_back(each);
    raised.back().epoch = static_cast<uint64_t>(policies->sequence() + 1);
  }
  if (raised.empty()) {
    return policy.empty() ? absl::OkStatus() : NoSuchPolicy(organization, policy);
  }
  return deps_.store.Put(raised, Edit(call, *policies)).status();
}

absl::StatusOr<int64_t> CacheAdmin::InvalidatePolicies(const api::AdminCall& call,
                                                       const v1::InvalidateCacheRequest& request) {
  const std::string& organization = request.organization();
  const auto meant = [&request](const Answer& answer) {
    return request.policy().empty() || answer.partition.policy == request.policy();
  };
  if (request.dry_run()) {
    return static_cast<int64_t>(deps_.cache.engine().FindIf(organization, meant).size());
  }
  WEIR_RETURN_IF_ERROR(
      Retrying([&] { return TryRaiseEpochs(call, organization, request.policy()); }));
  const int64_t forgotten = deps_.cache.Forget(organization, meant);
  TakeUp();
  return forgotten;
}

absl::StatusOr<v1::InvalidateCacheResponse> CacheAdmin::InvalidateCache(
    const api::AdminCall& call, const v1::InvalidateCacheRequest& request) {
  status::BadFields bad;
  CheckOrganization("organization", request.organization(), bad);
  CheckWhat(request, bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  v1::InvalidateCacheResponse response;
  if (request.has_policy() || request.everything()) {
    MutexLock lock(edit_mutex_);
    WEIR_ASSIGN_OR_RETURN(const int64_t entries, InvalidatePolicies(call, request));
    response.set_entries(entries);
    return response;
  }
  const std::string id = ReadId(request.entry_id()).id;
  // Also what others share with the author: it is what he asked for.
  const auto meant = [&](const Answer& answer) {
    if (!request.has_author()) return answer.id == id;
    return answer.author == request.author() || answer.agreeing.contains(request.author());
  };
  const std::string& organization = request.organization();
  response.set_entries(
      request.dry_run()
          ? static_cast<int64_t>(deps_.cache.engine().FindIf(organization, meant).size())
          : deps_.cache.Forget(organization, meant));
  return response;
}

absl::StatusOr<v1::ExplainCacheResponse> CacheAdmin::ExplainCache(
    const api::AdminCall&, const v1::ExplainCacheRequest& request) {
  status::BadFields bad;
  CheckOrganization("organization", request.organization(), bad);
  CheckPolicyName("policy", request.policy(), bad);
  // Never the text itself.
  if (request.text().empty() || request.text().size() > kMaxExplainedBytes) {
    bad.Add("text", "has {} bytes, want 1 to {}", request.text().size(), kMaxExplainedBytes);
  }
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const PolicySet> policies, deps_.policies.Refresh());
  const Policy* const policy = policies->Find(request.organization(), request.policy());
  if (policy == nullptr) return NoSuchPolicy(request.organization(), request.policy());
  return Explain(deps_.cache, *policy, request);
}

absl::StatusOr<v1::GetCacheStatsResponse> CacheAdmin::GetCacheStats(
    const api::AdminCall&, const v1::GetCacheStatsRequest& request) {
  status::BadFields bad;
  CheckOrganization("organization", request.organization(), bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  const std::string& organization = request.organization();
  const ValueOrder::Totals totals = deps_.cache.engine().TotalsOf(organization);
  const CacheStats::Counts counts = deps_.cache.stats().Of(organization);
  v1::GetCacheStatsResponse response;
  response.set_entries(totals.entries);
  response.set_bytes(totals.bytes);
  response.set_partitions(
      static_cast<int64_t>(deps_.cache.engine().Partitions(organization).size()));
  response.set_exact_hits(counts.exact_hits);
  response.set_semantic_hits(counts.semantic_hits);
  response.set_misses(counts.misses);
  response.mutable_refused()->insert(counts.refused.begin(), counts.refused.end());
  response.set_saved_tokens(counts.saved_tokens);
  return response;
}

}  // namespace weir::cache
