#include <algorithm>
#include <utility>

#include "common/api/attempt_name.h"
#include "common/api/leasing_quota.h"
#include "common/async/at_once.h"

namespace weir::api {
void LeasingQuota::Lose(const CallerPtr& caller, const LeasedPtr& lease) {
  // Whoever settles, extends or releases one of these deals with a hold of its own from now on.
  absl::erase_if(open_, [&](const auto& each) {
    const Open& open = each.second;
    if (open.attempt.lease != lease || open.spent) return false;
    lease->held -= open.attempt.held;
    return true;
  });
  lease->left = {};
  // Also where it was closed before: nobody else would let go of it.
  lease->closed = true;
  ReturnMore(caller, lease);
}

asio::awaitable<absl::Status> LeasingQuota::ConfirmLeases(CallContext call,
                                                          std::string organization) {
  const auto found = leasing_.find(organization);
  if (found == leasing_.end()) co_return absl::OkStatus();
  constexpr size_t kMost = quota::kMostAnnounced;
  std::vector<std::pair<CallerPtr, LeasedPtr>> its;
  for (const CallerPtr& caller : found->second) {
    for (const LeasedPtr& lease : caller->escrow.leases()) its.emplace_back(caller, lease);
  }
  for (size_t at = 0; at < its.size(); at += kMost) {
    const size_t end = std::min(its.size(), at + kMost);
    quota_pb::AnnounceRequest request;
    request.set_organization(organization);
    for (size_t i = at; i < end; ++i) SetLeaseKey(its[i].second->id, *request.add_leases());
    const absl::StatusOr<quota_pb::AnnounceResponse> response =
        co_await deps_.inner.Announce(call, std::move(request));
    if (!response.ok()) co_return response.status();
    for (const common::v1::AttemptKey& lost : response->lost_leases()) {
      for (size_t i = at; i < end; ++i) {
        if (its[i].second->id == lost.request_id()) Lose(its[i].first, its[i].second);
      }
    }
  }
  co_return absl::OkStatus();
}

asio::awaitable<void> LeasingQuota::ConfirmInto(CallContext call, std::string organization,
                                                std::shared_ptr<absl::Status> result) {
  const absl::Status confirmed = co_await ConfirmLeases(call, std::move(organization));
  result->Update(confirmed);
}

asio::awaitable<absl::StatusOr<quota_pb::AnnounceResponse>> LeasingQuota::Announce(
    CallContext call, quota_pb::AnnounceRequest request) {
  if (request.attempts().empty()) {
    std::vector<std::string> organizations{request.organization()};
    if (request.organization().empty()) {
      organizations.clear();
      for (const auto& each : leasing_) organizations.push_back(each.first);
    }
    // One whose counters cannot be rebuilt must not keep the others from it.
    const auto last = std::make_shared<absl::Status>();
    co_await ForEachAtOnce<std::string>(
        std::move(organizations), quota::kMostAnnouncedAtOnce,
        [this, call, last](std::string each) { return ConfirmInto(call, std::move(each), last); });
    if (!last->ok()) co_return *last;
    co_return quota_pb::AnnounceResponse();
  }
  quota_pb::AnnounceRequest rest;
  rest.set_organization(request.organization());
  for (quota_pb::ReserveRequest& each : *request.mutable_attempts()) {
    if (!open_.contains(AttemptName(each.key()))) *rest.add_attempts() = std::move(each);
  }
  if (rest.attempts().empty()) co_return quota_pb::AnnounceResponse();
  co_return co_await deps_.inner.Announce(call, std::move(rest));
}

}  // namespace weir::api
