#pragma once

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "common/api/quota.h"
#include "common/time/clock.h"
#include "weir/common/v1/attempt.pb.h"

namespace weir::edge {

// How much of a streaming answer its strict limits have paid for: a hold that begins small and is
// raised (quota's Extend) before the answer gets to its end. One Extend is in flight at a time, and
// only what is not covered waits for it.
//
// Tokens are completion tokens over all choices, counted cautiously. One loop; an Extend in flight
// keeps it alive.
class StreamBudget : public std::enable_shared_from_this<StreamBudget> {
 public:
  static constexpr int64_t kEndless = std::numeric_limits<int64_t>::max();
  // What stays between the wall and the end of the hold, for what the provider generates until it
  // sees that nobody reads on; of a small hold, a quarter.
  static constexpr int64_t kReserve = 32;

  struct Hold {
    common::v1::AttemptKey key;
    std::string organization;
    int64_t covered = 0;       // What the hold begins with.
    int64_t bound = kEndless;  // The provider itself stops here.
  };
  // `quota` and `clock` must outlive this object.
  StreamBudget(asio::any_io_executor executor, api::Quota& quota, const Clock& clock, Hold hold);

  // So many tokens may be delivered. kEndless: the hold covers all that the provider can send.
  int64_t wall() const;
  // What the hold covers, the reserve included.
  int64_t covered() const { return covered_; }

  // So many tokens came. Asks for more where the wall is near; returns at once.
  void Arrived(int64_t tokens);
  // OK: `tokens` may be delivered. kResourceExhausted: a limit has no room for them; kUnavailable:
  // that cannot be known. Asks again where an earlier answer was no.
  asio::awaitable<absl::Status> Reach(int64_t tokens);

 private:
  void Ask();
  static asio::awaitable<void> Grow(std::shared_ptr<StreamBudget> self);
  void Take(const absl::StatusOr<quota::v1::ExtendResponse>& answer);
  int64_t Reserve() const { return std::min(kReserve, covered_ / 4); }

  const asio::any_io_executor executor_;
  api::Quota& quota_;
  const Clock& clock_;
  const Hold hold_;
  int64_t covered_;
  int64_t arrived_ = 0;
  int64_t ask_at_ = 0;
  bool asking_ = false;
  absl::Status last_;  // What became of the last question.
  asio::steady_timer answered_;
};

}  // namespace weir::edge
