#pragma once

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/api/quota.h"
#include "edge/pipeline/outbox_record.h"

namespace weir::edge::testing {

// Quota with books: what is held, how each hold ended. Grants everything unless it is told
// otherwise. One loop.
class FakeQuota final : public api::Quota {
 public:
  explicit FakeQuota(const Clock& clock) : clock_(clock) {}

  asio::awaitable<absl::StatusOr<quota::v1::ReserveResponse>> Reserve(
      api::CallContext call, quota::v1::ReserveRequest request) override {
    const size_t index = reserved.size();
    reserved.push_back(request);
    while (hold_back_from && index >= *hold_back_from) co_await Pause();
    if (call.deadline <= clock_.Monotonic()) {
      co_return status::DeadlineExceeded("reserving: too late");
    }
    if (!answers.empty()) {
      const absl::StatusOr<quota::v1::ReserveResponse> answer = answers.front();
      answers.pop_front();
      if (!answer.ok()) co_return answer;
      held_.insert(AttemptName(request.key()));
      co_return answer;
    }
    held_.insert(AttemptName(request.key()));
    co_return grant;
  }

  asio::awaitable<absl::StatusOr<quota::v1::SettleResponse>> Settle(
      api::CallContext, quota::v1::SettleRequest request) override {
    quota::v1::SettleResponse response;
    most_settles_in_flight = std::max(most_settles_in_flight, ++settles_in_flight_);
    if (settles_slowly) co_await Pause();
    --settles_in_flight_;
    if (settle_failures > 0) {
      --settle_failures;
      co_return status::Unavailable("settling: the ledger is out");
    }
    const std::string name = AttemptName(request.key());
    if (refuses_to_settle && refuses_to_settle(request)) {
      co_return status::InvalidArgument("usage is malformed");
    }
    held_.erase(name);
    if (!settled_.insert({name, request.seq()}).second) {
      ++duplicates;
      response.set_duplicate(true);
    } else {
      settled.push_back(request);
    }
    co_return response;
  }

  asio::awaitable<absl::StatusOr<quota::v1::ReleaseResponse>> Release(
      api::CallContext, quota::v1::ReleaseRequest request) override {
    held_.erase(AttemptName(request.key()));
    released.push_back(request);
    co_return quota::v1::ReleaseResponse();
  }

  asio::awaitable<absl::StatusOr<quota::v1::ExtendResponse>> Extend(
      api::CallContext, quota::v1::ExtendRequest request) override {
    extended.push_back(request);
    ++extends_in_flight;
    most_extends_in_flight = std::max(most_extends_in_flight, extends_in_flight);
    while (hold_back_extends) co_await Pause();
    --extends_in_flight;
    const absl::StatusOr<int64_t> cap = extend(request);
    if (!cap.ok()) co_return cap.status();
    quota::v1::ExtendResponse response;
    response.set_output_tokens_cap(*cap);
    co_return response;
  }
  asio::awaitable<absl::StatusOr<quota::v1::LeaseResponse>> Lease(
      api::CallContext, quota::v1::LeaseRequest) override {
    co_return status::ResourceExhausted("nothing to lease");
  }
  asio::awaitable<absl::StatusOr<quota::v1::ReturnResponse>> Return(
      api::CallContext, quota::v1::ReturnRequest) override {
    co_return quota::v1::ReturnResponse();
  }
  asio::awaitable<absl::StatusOr<quota::v1::HeartbeatResponse>> Heartbeat(
      api::CallContext, quota::v1::HeartbeatRequest) override {
    co_return quota::v1::HeartbeatResponse();
  }
  asio::awaitable<absl::StatusOr<quota::v1::AnnounceResponse>> Announce(
      api::CallContext, quota::v1::AnnounceRequest request) override {
    announced.push_back(request);
    co_return quota::v1::AnnounceResponse();
  }
  std::shared_ptr<api::LossEvents> WatchLosses(asio::any_io_executor executor) override {
    return losses.Subscribe(std::move(executor));
  }
  asio::awaitable<absl::StatusOr<quota::v1::PeekResponse>> Peek(api::CallContext,
                                                                quota::v1::PeekRequest) override {
    co_return quota::v1::PeekResponse();
  }

  // Holds that nobody ended.
  size_t open_holds() const { return held_.size(); }
  // For a test whose settlements never come.
  void ForgetHolds() { held_.clear(); }
  // Logical requests that were posted.
  int64_t requests_posted() const {
    int64_t sum = 0;
    for (const auto& each : settled) sum += each.requests();
    return sum;
  }

  // What Reserve answers next; then `grant`.
  std::deque<absl::StatusOr<quota::v1::ReserveResponse>> answers;
  quota::v1::ReserveResponse grant;
  // The reservations from this one on (the first is 0) are not answered while this is set.
  std::optional<size_t> hold_back_from;
  // What Extend answers: what the hold covers then. All that is wanted, unless told otherwise.
  std::function<absl::StatusOr<int64_t>(const quota::v1::ExtendRequest&)> extend =
      [](const quota::v1::ExtendRequest& request) { return request.output_tokens_wanted(); };
  bool hold_back_extends = false;  // They are not answered while this is set.
  // Settlements that are refused for good.
  std::function<bool(const quota::v1::SettleRequest&)> refuses_to_settle;
  bool settles_slowly = false;  // Each settlement takes a millisecond.
  int settle_failures = 0;      // So many settlements are not taken.

  Broadcaster<std::string> losses;
  std::vector<quota::v1::AnnounceRequest> announced;
  std::vector<quota::v1::ReserveRequest> reserved;
  std::vector<quota::v1::ExtendRequest> extended;
  int most_settles_in_flight = 0;
  int extends_in_flight = 0;
  int most_extends_in_flight = 0;
  std::vector<quota::v1::SettleRequest> settled;  // Each (key, seq) once.
  std::vector<quota::v1::ReleaseRequest> released;
  int duplicates = 0;

 private:
  static asio::awaitable<void> Pause() {
    asio::steady_timer wait(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
    co_await wait.async_wait(kTuple);
  }

  const Clock& clock_;
  int settles_in_flight_ = 0;
  std::set<std::string> held_;
  std::set<std::pair<std::string, uint32_t>> settled_;
};

}  // namespace weir::edge::testing
