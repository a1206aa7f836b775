#pragma once

#include <string>
#include <utility>

#include "common/api/leasing_quota.h"
#include "common/testing/fake_timers.h"
#include "common/testing/seeded_random.h"
#include "services/quota/quota_for_test.h"

namespace weir::quota {

using api::CallContext;
using std::chrono::milliseconds;
using std::chrono::seconds;

// The service as an edge reaches it, or not.
class Link final : public api::ForwardingQuota {
 public:
  explicit Link(api::Quota& core) : ForwardingQuota(core) {}

  asio::awaitable<absl::StatusOr<v1::ReserveResponse>> Reserve(
      CallContext call, v1::ReserveRequest request) override {
    ++reserves;
    if (is_away) co_return Away();
    co_return co_await inner().Reserve(call, std::move(request));
  }
  asio::awaitable<absl::StatusOr<v1::SettleResponse>> Settle(CallContext call,
                                                             v1::SettleRequest request) override {
    settled = request;
    if (is_away) co_return Away();
    co_return co_await inner().Settle(call, std::move(request));
  }
  asio::awaitable<absl::StatusOr<v1::LeaseResponse>> Lease(CallContext call,
                                                           v1::LeaseRequest request) override {
    ++leases;
    if (is_away) co_return Away();
    absl::StatusOr<v1::LeaseResponse> response = co_await inner().Lease(call, std::move(request));
    if (loses_lease_answers) co_return Away();
    co_return response;
  }
  asio::awaitable<absl::StatusOr<v1::ReturnResponse>> Return(CallContext call,
                                                             v1::ReturnRequest request) override {
    if (is_away) co_return Away();
    co_return co_await inner().Return(call, std::move(request));
  }
  asio::awaitable<absl::StatusOr<v1::HeartbeatResponse>> Heartbeat(
      CallContext call, v1::HeartbeatRequest request) override {
    if (is_away) co_return Away();
    co_return co_await inner().Heartbeat(call, std::move(request));
  }
  asio::awaitable<absl::StatusOr<v1::AnnounceResponse>> Announce(
      CallContext call, v1::AnnounceRequest request) override {
    if (is_away) co_return Away();
    announced += request.attempts_size();
    v1::AnnounceResponse lost;
    if (forgets_leases) *lost.mutable_lost_leases() = request.leases();
    if (forgets_leases) co_return lost;
    co_return co_await inner().Announce(call, std::move(request));
  }

  bool is_away = false;
  bool loses_lease_answers = false;
  bool forgets_leases = false;
  int reserves = 0, leases = 0, announced = 0;
  v1::SettleRequest settled;  // The last one.

 private:
  static absl::Status Away() { return status::Unavailable("quota is away"); }
};

struct EdgeForTest {
  EdgeForTest(QuotaForTest& quota, testing::FakeTimers& timers, Random& random, std::string name)
      : link(quota.api()),
        leasing(api::LeasingQuota::Options{}, {.inner = link,
                                               .timers = timers,
                                               .random = random,
                                               .executor = quota.face->io().get_executor(),
                                               .metrics = metrics,
                                               .is_reachable = [this] { return !link.is_away; }}),
        id(std::move(name)) {}
  metrics::Registry registry;
  api::LeaseMetrics metrics{registry};
  Link link;
  api::LeasingQuota leasing;
  const std::string id;
};

}  // namespace weir::quota
