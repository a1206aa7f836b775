#include "common/api/announcing_quota.h"

#include <algorithm>
#include <map>

#include "common/api/attempt_name.h"
#include "common/async/at_once.h"
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
  open_.insert_or_assign(std::move(name), Open{.reserved = std::move(kept)});
  co_return response;
}

asio::awaitable<absl::StatusOr<quota_pb::ExtendResponse>> AnnouncingQuota::Extend(
    CallContext call, quota_pb::ExtendRequest request) {
  const std::string name = AttemptName(request.key());
  absl::StatusOr<quota_pb::ExtendResponse> response =
      co_await inner().Extend(call, std::move(request));
  const auto open = open_.find(name);
  if (response.ok() && open != open_.end()) {
    open->second.reserved.mutable_estimate()->set_output_tokens_declared(
        response->output_tokens_cap());
  }
  co_return response;
}

asio::awaitable<absl::StatusOr<quota_pb::SettleResponse>> AnnouncingQuota::Settle(
    CallContext call, quota_pb::SettleRequest request) {
  const std::string name = AttemptName(request.key());
  const int64_t told = TimesTold(name);
  absl::StatusOr<quota_pb::SettleResponse> response =
      co_await inner().Settle(call, std::move(request));
  if (response.ok() && TimesTold(name) != told) {
    // It may have been settled before all was lost, and have a hold again since it was told of: who
    // settles it once more ends that, and counts it where it is not.
    co_return status::Unavailable("the attempt was announced while it was settled: settle again");
  }
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
  for (const auto& [name, open] : open_) {
    const std::string& its = open.reserved.subjects().organization();
    if (organization.empty() || its == organization) names[its].push_back(name);
  }
  // Leases first: what they pay for needs no hold of its own.
  quota_pb::AnnounceRequest leases;
  leases.set_organization(organization);
  co_await TellOne(std::move(leases));
  std::vector<Organization> all;
  for (auto& [its, attempts] : names) all.push_back({its, std::move(attempts)});
  // Each waits for its own rebuild, and all together have half a second.
  co_await ForEachAtOnce<Organization>(
      std::move(all), quota::kMostAnnouncedAtOnce,
      [this](Organization each) { return TellOf(std::move(each)); });
}

asio::awaitable<void> AnnouncingQuota::TellOf(Organization organization) {
  while (!organization.attempts.empty()) {
    quota_pb::AnnounceRequest attempts = NextOf(organization);
    if (!attempts.attempts().empty()) co_await TellOne(std::move(attempts));
  }
}

quota_pb::AnnounceRequest AnnouncingQuota::NextOf(Organization& organization) {
  quota_pb::AnnounceRequest request;
  request.set_organization(organization.name);
  std::vector<std::string>& names = organization.attempts;
  while (!names.empty() && request.attempts_size() < quota::kMostAnnounced) {
    const auto open = open_.find(names.back());
    names.pop_back();
    if (open == open_.end()) continue;  // It was settled meanwhile.
    ++open->second.times_told;
    *request.add_attempts() = open->second.reserved;
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
  if (last.ok()) {
    co_await ReleaseWhatEnded(std::move(request));
    co_return;
  }
  // Who cannot be told hears when it is there again.
  log::Warn("edge.announce.failed", {{"organization", request.organization()},
                                     {"attempts", request.attempts_size()},
                                     {"reason", status::Message(last)}});
}

asio::awaitable<void> AnnouncingQuota::ReleaseWhatEnded(quota_pb::AnnounceRequest told) {
  for (const quota_pb::ReserveRequest& each : told.attempts()) {
    if (open_.contains(AttemptName(each.key()))) continue;
    quota_pb::ReleaseRequest release;
    *release.mutable_key() = each.key();
    release.set_organization(told.organization());
    const CallContext call{.deadline = timers_.clock().Monotonic() + kTimeout};
    std::ignore = co_await inner().Release(call, std::move(release));
  }
}

int64_t AnnouncingQuota::TimesTold(const std::string& name) const {
  const auto open = open_.find(name);
  return open == open_.end() ? 0 : open->second.times_told;
}

}  // namespace weir::api
