#include "edge/pipeline/stream_budget.h"

#include <algorithm>
#include <numeric>

#include "common/status/status.h"

namespace weir::edge {
namespace {

// A hold is raised by as much as it covers, within these: few questions for a long answer, little
// that is held and not used.
constexpr int64_t kLeastStep = 256;
constexpr int64_t kLargestStep = 2048;
// After a refusal, so many tokens pass before the next question.
constexpr int64_t kPauseTokens = 16;
constexpr Duration kAskTimeout = std::chrono::seconds(2);

}  // namespace

StreamBudget::StreamBudget(asio::any_io_executor executor, api::Quota& quota, const Clock& clock,
                           Hold hold)
    : executor_(std::move(executor)),
      quota_(quota),
      clock_(clock),
      hold_(std::move(hold)),
      covered_(hold_.covered),
      ask_at_(wall() / 4 * 3),
      answered_(executor_, asio::steady_timer::time_point::max()) {}

int64_t StreamBudget::wall() const {
  return covered_ >= hold_.bound ? kEndless : covered_ - Reserve();
}

void StreamBudget::Arrived(int64_t tokens) {
  arrived_ = std::max(arrived_, tokens);
  if (arrived_ >= ask_at_ && !asking_ && covered_ < hold_.bound) Ask();
}

void StreamBudget::Ask() {
  asking_ = true;
  asio::co_spawn(executor_, Grow(shared_from_this()), asio::detached);
}

asio::awaitable<void> StreamBudget::Grow(std::shared_ptr<StreamBudget> self) {
  const int64_t step = std::clamp(self->covered_, kLeastStep, kLargestStep);
  quota::v1::ExtendRequest request;
  *request.mutable_key() = self->hold_.key;
  request.set_organization(self->hold_.organization);
  request.set_output_tokens_observed(self->arrived_);
  request.set_output_tokens_wanted(
      std::min(self->hold_.bound, std::max(self->covered_, self->arrived_ + kReserve) + step));
  const api::CallContext call{.deadline = self->clock_.Monotonic() + kAskTimeout};
  const absl::StatusOr<quota::v1::ExtendResponse> answer =
      co_await self->quota_.Extend(call, std::move(request));
  self->Take(answer);
}

void StreamBudget::Take(const absl::StatusOr<quota::v1::ExtendResponse>& answer) {
  asking_ = false;
  last_ = answer.status();
  if (answer.ok() && answer->output_tokens_cap() > covered_) {
    covered_ = answer->output_tokens_cap();
    ask_at_ = wall() / 4 * 3;
  } else {
    if (last_.ok()) last_ = status::Unavailable("raising a hold: it was not raised");
    ask_at_ = std::max(arrived_ + kPauseTokens, std::midpoint(arrived_, wall()));
  }
  answered_.cancel();
}

asio::awaitable<absl::Status> StreamBudget::Reach(int64_t tokens) {
  arrived_ = std::max(arrived_, tokens);
  const auto self = shared_from_this();
  // An answer to a question of before may be no, or too little: this caller's own counts.
  for (bool asked = false; tokens > wall();) {
    if (!asking_ && asked && !last_.ok()) co_return last_;
    if (!asking_) {
      asked = true;
      Ask();
    }
    while (asking_) co_await answered_.async_wait(kTuple);
  }
  co_return absl::OkStatus();
}

}  // namespace weir::edge
