#include "common/api/announcing_quota.h"

#include <algorithm>
#include <map>

#include "common/api/attempt_name.h"
#include "common/log/log.h"
#include "common/quota/lease_amounts.h"

namespace weir::api {
namespace {

// The store may still be coming back.
constexpr int kTries = 20;
constexpr Duration kPause = std::chrono::milliseconds(100);
constexpr Duration kLongestPause = std::chrono::seconds(1);
constexpr Duration kTimeout = std::chrono::seconds(3);

}  // namespace

asio::awaitable<absl::StatusOr<quota_pb::ReserveResponse>> AnnouncingQuota::Reserve(
    CallContext call, quota_pb::ReserveRequest request) {
  quota_pb::ReserveRequest kept = request;
  absl::StatusOr<quota_pb::ReserveResponse> response =
      co_await inner().Reserve(call, std::move(request));
  if (!response.ok() || kept.dry_run()) co_return response;
  if (response->has_output_tokens_cap()) {
    kept.mutable_estimate()->set_output_tokens_declared(response->output_tokens_cap());
  }
  std::string name = AttemptName(kept.key());
  open_.insert_or_assign(std::move(name), std::move(kept));
  co_return response;
}

asio::awaitable<absl::StatusOr<quota_pb::ExtendResponse>> AnnouncingQuota::Extend(
    CallContext call, quota_pb::ExtendRequest request) {
  const std::string name = AttemptName(request.key());
  absl::StatusOr<quota_pb::ExtendResponse> response =
      co_await inner().Extend(call, std::move(request));
  const auto open = open_.find(name);
  if (response.ok() && open != open_.end()) {
    open->second.mutable_estimate()->set_output_tokens_declared(response->output_tokens_cap());
  }
  co_return response;
}

asio::awaitable<absl::StatusOr<quota_pb::SettleResponse>> AnnouncingQuota::Settle(
    CallContext call, quota_pb::SettleRequest request) {
  const std::string name = AttemptName(request.key());
  absl::StatusOr<quota_pb::SettleResponse> response =
      co_await inner().Settle(call, std::move(request));
  if (response.ok() || IsRefusedForGood(response.status())) open_.erase(name);
  co_return response;
}

asio::awaitable<absl::StatusOr<quota_pb::ReleaseResponse>> AnnouncingQuota::Release(
    CallContext call, quota_pb::ReleaseRequest request) {
  open_.erase(AttemptName(request.key()));
  return inner().Release(call, std::move(request));
}

asio::awaitable<void> AnnouncingQuota::Run() {
  auto executor = co_await asio::this_coro::executor;
  for (;;) {
    const std::shared_ptr<LossEvents> losses = inner().WatchLosses(executor);
    for (;;) {
      absl::StatusOr<std::string> lost = co_await losses->Next();
      if (!lost.ok()) break;
      co_await Tell(*std::move(lost));
    }
    co_await SleepFor(timers_, std::chrono::seconds(1));
    // Something may have been missed.
    co_await Tell("");
  }
}

asio::awaitable<void> AnnouncingQuota::Tell(std::string organization) {
  std::map<std::string, std::vector<std::string>> names;
  for (const auto& [name, request] : open_) {
    const std::string& its = request.subjects().organization();
    if (organization.empty() || its == organization) names[its].push_back(name);
  }
  // Leases first: what they pay for needs no hold of its own.
  quota_pb::AnnounceRequest leases;
  leases.set_organization(organization);
  co_await TellOne(std::move(leases));
  for (auto& [its, all] : names) {
    while (!all.empty()) {
      quota_pb::AnnounceRequest attempts = NextOf(its, all);
      if (!attempts.attempts().empty()) co_await TellOne(std::move(attempts));
    }
  }
}

quota_pb::AnnounceRequest AnnouncingQuota::NextOf(const std::string& organization,
                                                  std::vector<std::string>& names) const {
  quota_pb::AnnounceRequest request;
  request.set_organization(organization);
  while (!names.empty() && request.attempts_size() < quota::kMostAnnounced) {
    const auto open = open_.find(names.back());
    names.pop_back();
    // Else it was settled meanwhile.
    if (open != open_.end()) *request.add_attempts() = open->second;
  }
  return request;
}

asio::awaitable<void> AnnouncingQuota::TellOne(quota_pb::AnnounceRequest request) {
  absl::Status last;
  for (int tries = 0; tries < kTries; ++tries) {
    if (tries > 0) co_await SleepFor(timers_, std::min(tries * kPause, kLongestPause));
    const CallContext call{.deadline = timers_.clock().Monotonic() + kTimeout};
    last = (co_await inner().Announce(call, request)).status();
    if (last.ok() || IsRefusedForGood(last)) break;
  }
  // Who cannot be told hears when it is there again.
  if (last.ok()) co_return;
  log::Warn("edge.announce.failed", {{"organization", request.organization()},
                                     {"attempts", request.attempts_size()},
                                     {"reason", status::Message(last)}});
}

}  // namespace weir::api
