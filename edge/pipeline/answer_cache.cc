#include "edge/pipeline/answer_cache.h"

#include <absl/cleanup/cleanup.h>

#include "edge/caching/recorded_answer.h"

namespace weir::edge {

namespace cache_pb = api::cache_pb;

// One look-up, between who waits for it and who asks.
struct AnswerCache::Asked {
  explicit Asked(asio::io_context& loop) : wake(loop, asio::steady_timer::time_point::max()) {}
  std::optional<absl::StatusOr<cache_pb::LookupResponse>> answer;
  bool is_late = false;
  asio::steady_timer wake;
};

// One wait for a leader, between who waits and who asks.
struct AnswerCache::Leading {
  std::shared_ptr<Wait> wait;
  Led led;
};

struct Flight::Lease {
  AnswerCache* cache = nullptr;
  std::string id;
  std::string organization;
  Timers::Id renewal = 0;
  bool is_held = true;
};

namespace {

cache_pb::LookupResponse Miss(std::string_view reason) {
  cache_pb::LookupResponse miss;
  miss.set_reason(std::string(reason));
  return miss;
}

std::string_view ReasonOf(absl::StatusCode code) {
  if (code == absl::StatusCode::kDeadlineExceeded) return "timeout";
  return code == absl::StatusCode::kFailedPrecondition ? "no_policy" : "unavailable";
}

bool IsUsable(const cache_pb::Recording& recording) {
  return !recording.body().empty() && recording.body().size() <= kLargestRecording;
}

}  // namespace

bool Flight::leads() const { return lease_ != nullptr && lease_->is_held; }

std::string Flight::Take() {
  const std::shared_ptr<Lease> lease = std::exchange(lease_, nullptr);
  if (lease == nullptr || !lease->is_held) return "";
  lease->is_held = false;
  lease->cache->deps_.timers.Cancel(lease->renewal);
  return lease->id;
}

void Flight::GiveUp() {
  if (lease_ == nullptr) return;
  AnswerCache* const cache = lease_->cache;
  cache_pb::ReleaseRequest release;
  release.set_organization(lease_->organization);
  release.set_lease_id(Take());
  if (!release.lease_id().empty()) cache->Release(std::move(release));
}

asio::awaitable<cache_pb::LookupResponse> AnswerCache::Lookup(cache_pb::LookupRequest request,
                                                              bool is_remote) {
  if (calls_ >= options_.max_calls) {
    ++counts_.lookups_failed;
    co_return Miss("busy");
  }
  const auto asked = std::make_shared<Asked>(deps_.loop);
  const api::CallContext call =
      In(is_remote ? options_.remote_lookup_timeout : options_.lookup_timeout);
  const Timers::Id timer = deps_.timers.At(call.deadline, [weak = std::weak_ptr<Asked>(asked)] {
    const auto waiting = weak.lock();
    if (waiting == nullptr) return;
    waiting->is_late = true;
    waiting->wake.cancel();
  });
  ++calls_;
  asio::co_spawn(deps_.loop, Ask(asked, call, std::move(request)), asio::detached);
  while (!asked->answer && !asked->is_late) co_await asked->wake.async_wait(kTuple);
  deps_.timers.Cancel(timer);
  co_return ResponseOf(*asked);
}

asio::awaitable<void> AnswerCache::Ask(std::shared_ptr<Asked> asked, api::CallContext call,
                                       cache_pb::LookupRequest request) {
  const absl::Cleanup over = [this] { --calls_; };
  absl::StatusOr<cache_pb::LookupResponse> answer =
      co_await deps_.cache.Lookup(call, std::move(request));
  asked->answer = std::move(answer);
  asked->wake.cancel();
}

cache_pb::LookupResponse AnswerCache::ResponseOf(Asked& asked) {
  const absl::Status status =
      asked.answer ? asked.answer->status() : status::DeadlineExceeded("looking an answer up");
  if (!status.ok()) {
    const bool late = status.code() == absl::StatusCode::kDeadlineExceeded;
    ++(late ? counts_.lookups_late : counts_.lookups_failed);
    return Miss(ReasonOf(status.code()));
  }
  cache_pb::LookupResponse found = *std::move(*asked.answer);
  if (!found.hit() || IsUsable(found.recording())) return found;
  ++counts_.lookups_failed;
  return Miss("unusable");
}

void AnswerCache::Confirm(cache_pb::ConfirmRequest request) {
  if (calls_ >= options_.max_calls) {
    ++counts_.confirms_failed;
    return;
  }
  ++calls_;
  asio::co_spawn(deps_.loop, SendConfirm(std::move(request)), asio::detached);
}

asio::awaitable<void> AnswerCache::SendConfirm(cache_pb::ConfirmRequest request) {
  const absl::Cleanup over = [this] { --calls_; };
  const auto confirmed =
      co_await deps_.cache.Confirm(In(options_.call_timeout), std::move(request));
  if (!confirmed.ok()) ++counts_.confirms_failed;
}

void AnswerCache::Wait::End() {
  is_ended_ = true;
  wake_.cancel();
}

asio::awaitable<AnswerCache::Led> AnswerCache::Lead(cache_pb::LeadRequest request,
                                                    MonotonicTime deadline,
                                                    std::shared_ptr<Wait> wait) {
  if (is_silent_ || leads_ >= options_.max_leads) {
    ++counts_.leads_failed;
    co_return Led{};
  }
  ++leads_;
  const auto leading = std::make_shared<Leading>();
  leading->wait = wait;
  asio::co_spawn(deps_.loop, AskToLead(leading, deadline, std::move(request)), asio::detached);
  waits_.insert(wait);
  ListenIn();
  while (!wait->is_over_ && !wait->is_ended_) co_await wait->wake_.async_wait(kTuple);
  waits_.erase(wait);
  co_return std::move(leading->led);
}

asio::awaitable<void> AnswerCache::AskToLead(std::shared_ptr<Leading> leading,
                                             MonotonicTime deadline,
                                             cache_pb::LeadRequest request) {
  const absl::Cleanup over = [this] { --leads_; };
  std::string organization = request.partition().organization();
  auto led = co_await deps_.cache.Lead({.deadline = deadline}, std::move(request));
  Led result = ResultOf(std::move(led), std::move(organization));
  // A lead that nobody wants any more is given up here: the next one has it at once.
  if (leading->wait->is_ended_) co_return;
  leading->led = std::move(result);
  leading->wait->is_over_ = true;
  leading->wait->wake_.cancel();
}

AnswerCache::Led AnswerCache::ResultOf(absl::StatusOr<cache_pb::LeadResponse> led,
                                       std::string organization) {
  Led result;
  if (!led.ok()) {
    ++counts_.leads_failed;
  } else if (!led->lease_id().empty()) {
    auto lease = std::make_shared<Flight::Lease>();
    lease->cache = this;
    lease->id = led->lease_id();
    lease->organization = std::move(organization);
    ArmRenewal(lease);
    result.flight = Flight(std::move(lease));
  } else if (led->has_recording() && IsUsable(led->recording())) {
    result.recording = std::move(*led->mutable_recording());
  }
  return result;
}

void AnswerCache::ListenIn() {
  if (std::exchange(is_listening_, true)) return;
  asio::co_spawn(deps_.loop, Listen(), asio::detached);
}

asio::awaitable<void> AnswerCache::Listen() {
  for (;;) {
    co_await SleepFor(deps_.timers, options_.listen_every);
    if (waits_.empty() && !is_silent_) break;
    // Of no lease, which is told at once.
    const auto heard = co_await deps_.cache.Renew(In(options_.silent_after), {});
    is_silent_ = heard.status().code() == absl::StatusCode::kDeadlineExceeded;
    if (!is_silent_) continue;
    for (const auto& each : waits_) each->End();
  }
  is_listening_ = false;
}

void AnswerCache::ArmRenewal(const std::shared_ptr<Flight::Lease>& lease) {
  lease->renewal =
      deps_.timers.At(deps_.timers.clock().Monotonic() + options_.renew_every,
                      [this, weak = std::weak_ptr<Flight::Lease>(lease)] {
                        auto held = weak.lock();
                        if (held == nullptr || !held->is_held) return;
                        asio::co_spawn(deps_.loop, Renew(std::move(held)), asio::detached);
                      });
}

// A renewal that fails is repeated: a lease lasts for several of them.
asio::awaitable<void> AnswerCache::Renew(std::shared_ptr<Flight::Lease> lease) {
  cache_pb::RenewRequest request;
  request.set_lease_id(lease->id);
  request.set_organization(lease->organization);
  const auto renewed = co_await deps_.cache.Renew(In(options_.call_timeout), std::move(request));
  if (!lease->is_held) co_return;
  if (renewed.ok() && !renewed->held()) {
    lease->is_held = false;
    ++counts_.leads_lost;
  } else {
    ArmRenewal(lease);
  }
}

void AnswerCache::Release(cache_pb::ReleaseRequest request) {
  asio::co_spawn(deps_.loop, SendRelease(std::move(request)), asio::detached);
}

asio::awaitable<void> AnswerCache::SendRelease(cache_pb::ReleaseRequest request) {
  // A lease whose release got lost lapses by itself.
  std::ignore = co_await deps_.cache.Release(In(options_.call_timeout), std::move(request));
}

void AnswerCache::Record(cache_pb::RecordRequest request, Flight flight) {
  const size_t bytes = request.text().size() + request.recording().body().size();
  if (records_ >= options_.max_records || record_bytes_ + bytes > options_.max_record_bytes) {
    ++counts_.records_dropped;
    return;
  }
  ++records_;
  record_bytes_ += bytes;
  request.set_lease_id(flight.Take());
  asio::co_spawn(deps_.loop, SendRecord(std::move(request), bytes), asio::detached);
}

asio::awaitable<void> AnswerCache::SendRecord(cache_pb::RecordRequest request, size_t bytes) {
  const absl::Cleanup over = [this, bytes] {
    --records_;
    record_bytes_ -= bytes;
  };
  cache_pb::ReleaseRequest release;
  release.set_lease_id(request.lease_id());
  release.set_organization(request.partition().organization());
  const auto recorded = co_await deps_.cache.Record(In(options_.call_timeout), std::move(request));
  if (recorded.ok()) co_return;
  ++counts_.records_failed;
  // Whether it came there or not: those who wait must not wait on.
  if (!release.lease_id().empty()) Release(std::move(release));
}

}  // namespace weir::edge
