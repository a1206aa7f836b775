#pragma once

#include <absl/container/flat_hash_map.h>

#include <string>
#include <utility>
#include <vector>

#include "common/api/forwarding_quota.h"
#include "common/async/timers.h"

namespace weir::api {

// Quota for an edge whose counters may be lost by the service's store: remembers what this edge has
// under way, and says so when that happened (docs/adr/0014), so that nobody else is let in on its
// account. One for each event loop, on its thread; must outlive what runs on the loop.
class AnnouncingQuota final : public ForwardingQuota {
 public:
  // Both outlive this object.
  AnnouncingQuota(Quota& inner, Timers& timers) : ForwardingQuota(inner), timers_(timers) {}

  // Listens until the loop ends.
  asio::awaitable<void> Run();

  asio::awaitable<absl::StatusOr<quota_pb::ReserveResponse>> Reserve(
      CallContext call, quota_pb::ReserveRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::ExtendResponse>> Extend(
      CallContext call, quota_pb::ExtendRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::SettleResponse>> Settle(
      CallContext call, quota_pb::SettleRequest request) override;
  asio::awaitable<absl::StatusOr<quota_pb::ReleaseResponse>> Release(
      CallContext call, quota_pb::ReleaseRequest request) override;

  // Attempts that are not settled.
  size_t under_way() const { return open_.size(); }

 private:
  // An attempt that is not settled.
  struct Open {
    quota_pb::ReserveRequest reserved;  // With the output that is covered declared.
    int64_t times_told = 0;
  };
  struct Organization {
    std::string name;
    std::vector<std::string> attempts;  // Their names.
  };

  // What is under way in the organisation; empty: in all.
  asio::awaitable<void> Tell(std::string organization);
  asio::awaitable<void> TellOf(Organization organization);
  // Those of its attempts that are still open, as many as one call may name; takes them out of it.
  quota_pb::AnnounceRequest NextOf(Organization& organization);
  asio::awaitable<void> TellOne(quota_pb::AnnounceRequest request);
  // Those of them that were released while they were told of have a hold now that nobody ends.
  asio::awaitable<void> ReleaseWhatEnded(quota_pb::AnnounceRequest told);
  int64_t TimesTold(const std::string& name) const;

  Timers& timers_;
  absl::flat_hash_map<std::string, Open> open_;  // By the names of their keys.
};

}  // namespace weir::api
