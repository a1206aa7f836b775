#include "common/redis/pipeline.h"

#include <boost/asio/steady_timer.hpp>

#include "common/log/log.h"

namespace weir::redis {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(20);
constexpr Duration kLongestPause = std::chrono::seconds(1);
constexpr size_t kMaxUnsentBytes = 16 << 20;
// A connection that lasted so long was a good one: the next attempt is a first one again.
constexpr Duration kLasting = std::chrono::seconds(1);

absl::Status Unsent(const absl::Status& why) {
  return status::Unavailable("redis is away: {}", status::Message(why));
}

}  // namespace

Pipeline::Pipeline(asio::any_io_executor loop, Timers& timers, Random& random,
                   std::shared_ptr<const Route> route)
    : loop_(std::move(loop)), timers_(timers), random_(random), route_(std::move(route)) {}

void Pipeline::Start() { asio::co_spawn(loop_, KeepConnected(shared_from_this()), asio::detached); }

void Pipeline::Stop() {
  state_ = State::kStopped;
  why_down_ = status::Unavailable("the client is closed");
  Lose(why_down_);
  Refuse(unsent_, Unsent(why_down_));
}

// Half to all of an exponential backoff, so that the loops and processes that lost a server do not
// come back in step.
Duration Pipeline::NextPause() {
  if (failures_ == 0) return Duration(0);
  const Duration most = std::min(kLongestPause, kFirstPause * (1 << std::min(failures_, 10)));
  uint16_t random = 0;
  random_.Fill(std::as_writable_bytes(std::span(&random, 1)));
  return most / 2 + most / 2 * random / 65'536;
}

asio::awaitable<void> Pipeline::KeepConnected([[maybe_unused]] std::shared_ptr<Pipeline> self) {
  while (state_ != State::kStopped) {
    if (const Duration pause = NextPause(); pause > Duration(0)) co_await SleepFor(timers_, pause);
    if (state_ == State::kStopped) co_return;
    absl::StatusOr<Connected> connected = co_await Connect(timers_, route_);
    if (state_ == State::kStopped) co_return;
    if (!connected.ok()) {
      Failed(connected.status());
      continue;
    }
    const MonotonicTime since = timers_.clock().Monotonic();
    Adopt(*std::move(connected));
    co_await AwaitLoss();
    if (timers_.clock().Monotonic() - since >= kLasting) failures_ = 0;
  }
}

asio::awaitable<void> Pipeline::AwaitLoss() {
  if (transport_ == nullptr) co_return;
  asio::steady_timer lost(loop_, asio::steady_timer::time_point::max());
  on_loss_ = [&lost] { lost.cancel(); };
  co_await lost.async_wait(kTuple);
  on_loss_ = nullptr;
}

void Pipeline::Adopt(Connected connected) {
  transport_ = connected.connection->transport();
  run_id_ = std::move(connected.run_id);
  decoder_ = std::make_unique<Decoder>(kMaxReplyBytes);
  state_ = State::kReady;
  ++generation_;
  log::Info("redis.connected", {{"address", AddressText(connected.address)}});
  ReadMore();
  Flush();
}

void Pipeline::Failed(const absl::Status& status) {
  // Once per outage, not for each attempt.
  if (state_ != State::kDown) {
    log::Warn("redis.away", {{"error", std::string(status::Message(status))}});
  }
  ++failures_;
  state_ = State::kDown;
  why_down_ = status;
  Refuse(unsent_, Unsent(why_down_));
}

void Pipeline::Lose(const absl::Status& why) {
  if (transport_ == nullptr) return;
  transport_->Close();
  transport_ = nullptr;
  ++generation_;
  run_id_.clear();
  writing_ = false;
  if (state_ != State::kStopped) {
    state_ = State::kConnecting;
    log::Warn("redis.lost", {{"error", std::string(status::Message(why))}});
  }
  // One that dies at once again must not be tried without a pause.
  ++failures_;
  Refuse(sent_, status::Unavailable("redis was lost, the command may have happened: {}",
                                    status::Message(why)));
  if (on_loss_) on_loss_();
}

void Pipeline::Submit(std::string command, MonotonicTime deadline, Handler handler) {
  if (state_ == State::kDown || state_ == State::kStopped) {
    return Post(std::move(handler), Unsent(why_down_));
  }
  const bool is_full = waiting() >= static_cast<size_t>(route_->config.max_in_flight) ||
                       unsent_bytes_ + command.size() > kMaxUnsentBytes;
  if (is_full) {
    return Post(std::move(handler),
                status::Unavailable("{} commands wait for redis already", waiting()));
  }
  unsent_bytes_ += command.size();
  const uint64_t number = ++last_number_;
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected()) {
    slot.assign([weak = weak_from_this(), number](asio::cancellation_type) {
      if (auto self = weak.lock()) self->Cancel(number);
    });
  }
  unsent_.push_back({.number = number,
                     .bytes = std::move(command),
                     .deadline = deadline,
                     .sent_at = {},
                     .handler = std::move(handler)});
  WatchDeadline(deadline);
  ScheduleFlush();
}

// What comes in one turn of the loop goes out in one write.
void Pipeline::ScheduleFlush() {
  if (state_ != State::kReady || writing_ || flush_scheduled_) return;
  flush_scheduled_ = true;
  asio::post(loop_, [self = shared_from_this()] {
    self->flush_scheduled_ = false;
    self->Flush();
  });
}

void Pipeline::Flush() {
  if (state_ != State::kReady || writing_ || unsent_.empty()) return;
  out_.clear();
  const MonotonicTime now = timers_.clock().Monotonic();
  for (Pending& each : unsent_) {
    out_ += each.bytes;
    each.bytes = std::string();
    each.sent_at = now;
    sent_.push_back(std::move(each));
  }
  unsent_.clear();
  unsent_bytes_ = 0;
  writing_ = true;
  WatchDeadline(now + route_->config.command_timeout);
  transport_->Write(asio::buffer(out_),
                    [self = shared_from_this(), generation = generation_](ErrorCode error, size_t) {
                      if (generation != self->generation_) return;
                      self->writing_ = false;
                      if (error)
                        return self->Lose(status::Unavailable("writing: {}", error.message()));
                      self->Flush();
                    });
}

void Pipeline::ReadMore() {
  transport_->ReadSome(asio::buffer(buffer_), [self = shared_from_this(), generation = generation_](
                                                  ErrorCode error, size_t size) {
    if (generation == self->generation_) self->OnRead(error, size);
  });
}

void Pipeline::OnRead(ErrorCode error, size_t size) {
  if (error) return Lose(status::Unavailable("reading: {}", error.message()));
  const absl::Status fed = decoder_->Feed(std::string_view(buffer_.data(), size));
  if (!fed.ok()) return Lose(fed);
  if (TakeReplies()) ReadMore();
}

bool Pipeline::TakeReplies() {
  const uint64_t generation = generation_;
  for (;;) {
    absl::StatusOr<std::optional<Reply>> reply = decoder_->Next();
    if (reply.ok() && !reply->has_value()) return true;
    if (!reply.ok() || sent_.empty()) {
      Lose(reply.ok() ? status::DataLoss("redis answers what nobody asked") : reply.status());
      return false;
    }
    Pending pending = std::move(sent_.front());
    sent_.pop_front();
    const bool read_only = SaysReadOnly(**reply);
    if ((*reply)->kind == Reply::Kind::kError) {
      Complete(pending, ErrorOf((*reply)->text));
    } else {
      Complete(pending, **std::move(reply));
    }
    // Whoever was answered may have closed this.
    if (generation != generation_) return false;
    if (read_only) {
      Lose(status::Unavailable("the server is a replica now"));
      return false;
    }
  }
}

void Pipeline::Cancel(uint64_t number) {
  for (auto* queue : {&unsent_, &sent_}) {
    for (size_t i = 0; i < queue->size(); ++i) {
      Pending& pending = (*queue)[i];
      if (pending.number != number || !pending.handler) continue;
      Post(std::exchange(pending.handler, nullptr), status::Cancelled("nobody waits for redis"));
      if (queue == &unsent_) DropAbandoned();
      return;
    }
  }
}

// Into another queue, not within this one: Boost 1.81's handlers cannot be assigned to.
void Pipeline::DropAbandoned() {
  std::deque<Pending> kept;
  unsent_bytes_ = 0;
  for (Pending& each : unsent_) {
    if (!each.handler) continue;
    unsent_bytes_ += each.bytes.size();
    kept.push_back(std::move(each));
  }
  unsent_.swap(kept);
}

void Pipeline::WatchDeadline(MonotonicTime when) {
  if (when >= sweep_at_) return;
  timers_.Cancel(sweep_);
  sweep_at_ = when;
  sweep_ = timers_.At(when, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->Sweep();
  });
}

// Answers those whose time is over; when the next one's is.
MonotonicTime Pipeline::SweepQueue(std::deque<Pending>& queue, MonotonicTime now) {
  MonotonicTime next = MonotonicTime::max();
  for (Pending& each : queue) {
    if (!each.handler) continue;
    if (each.deadline > now) {
      next = std::min(next, each.deadline);
      continue;
    }
    Post(std::exchange(each.handler, nullptr),
         status::DeadlineExceeded("redis did not answer in time{}",
                                  &queue == &sent_ ? ", the command may have happened" : ""));
  }
  return next;
}

void Pipeline::Sweep() {
  sweep_at_ = MonotonicTime::max();
  const MonotonicTime now = timers_.clock().Monotonic();
  MonotonicTime next = std::min(SweepQueue(unsent_, now), SweepQueue(sent_, now));
  DropAbandoned();
  if (!sent_.empty()) {
    const MonotonicTime silent_at = sent_.front().sent_at + route_->config.command_timeout;
    if (silent_at <= now) {
      Lose(status::Unavailable("no answer for {} ms",
                               route_->config.command_timeout.count() / 1'000'000));
      // It did not go away, it hangs: nobody should wait to see whether the next connection does.
      if (state_ == State::kConnecting) Failed(status::Unavailable("the server does not answer"));
    } else {
      next = std::min(next, silent_at);
    }
  }
  if (next != MonotonicTime::max()) WatchDeadline(next);
}

void Pipeline::Complete(Pending& pending, Answer answer) {
  if (!pending.handler) return;
  asio::get_associated_cancellation_slot(pending.handler).clear();
  std::move(pending.handler)(std::move(answer));
}

void Pipeline::Refuse(std::deque<Pending>& queue, const absl::Status& status) {
  for (Pending& each : std::exchange(queue, {})) {
    if (each.handler) Post(std::move(each.handler), status);
  }
  if (&queue == &unsent_) unsent_bytes_ = 0;
}

void Pipeline::Post(Handler handler, absl::Status status) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected()) slot.clear();
  asio::post(loop_, [handler = std::move(handler), status = std::move(status)]() mutable {
    std::move(handler)(Answer(std::move(status)));
  });
}

namespace {

class PipelinedClient final : public Client {
 public:
  explicit PipelinedClient(std::shared_ptr<Pipeline> pipeline) : pipeline_(std::move(pipeline)) {
    pipeline_->Start();
  }
  ~PipelinedClient() override { pipeline_->Stop(); }

  asio::awaitable<absl::StatusOr<Reply>> Call(std::string command,
                                              MonotonicTime deadline) override {
    auto start = [pipeline = pipeline_, deadline](auto handler, std::string bytes) {
      pipeline->Submit(std::move(bytes), deadline, std::move(handler));
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>,
                                            void(absl::StatusOr<Reply>)>(start, asio::use_awaitable,
                                                                         std::move(command));
  }
  const std::string& run_id() const override { return pipeline_->run_id(); }
  size_t waiting() const override { return pipeline_->waiting(); }

 private:
  const std::shared_ptr<Pipeline> pipeline_;
};

}  // namespace

std::unique_ptr<Client> MakeClient(asio::any_io_executor loop, Timers& timers, Random& random,
                                   std::shared_ptr<const Route> route) {
  return std::make_unique<PipelinedClient>(
      std::make_shared<Pipeline>(std::move(loop), timers, random, std::move(route)));
}

}  // namespace weir::redis
