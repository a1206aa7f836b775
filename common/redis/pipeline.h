#pragma once

#include <array>
#include <boost/asio/any_completion_handler.hpp>
#include <deque>
#include <memory>
#include <string>

#include "common/redis/client.h"

namespace weir::redis {

// The commands and the connection of one client. Held by what runs on the loop, so that it outlives
// the client by the last of that.
class Pipeline final : public std::enable_shared_from_this<Pipeline> {
 public:
  using Answer = absl::StatusOr<Reply>;
  using Handler = asio::any_completion_handler<void(Answer)>;

  Pipeline(asio::any_io_executor loop, Timers& timers, Random& random,
           std::shared_ptr<const Route> route);

  // Connects, and again whenever that is lost, until Stop. Once.
  void Start();
  // Refuses all that waits, now and from now on.
  void Stop();

  // Completes never inline.
  void Submit(std::string command, MonotonicTime deadline, Handler handler);

  const std::string& run_id() const { return run_id_; }
  size_t waiting() const { return unsent_.size() + sent_.size(); }

 private:
  struct Pending {
    uint64_t number;
    std::string bytes;
    MonotonicTime deadline;
    MonotonicTime sent_at;
    Handler handler;  // Empty: nobody waits any more.
  };
  enum class State : uint8_t {
    kConnecting,  // A first attempt is under way: commands wait.
    kReady,
    kDown,  // The last attempt failed: commands are refused.
    kStopped,
  };

  asio::awaitable<void> KeepConnected(std::shared_ptr<Pipeline> self);
  asio::awaitable<void> AwaitLoss();
  Duration NextPause();
  void Adopt(Connected connected);
  void Failed(const absl::Status& status);
  // Ends the connection: what was sent is answered, the rest waits for the next one.
  void Lose(const absl::Status& why);

  void ScheduleFlush();
  void Flush();
  void ReadMore();
  void OnRead(ErrorCode error, size_t size);
  // Answers in order; false where the connection ended thereby.
  bool TakeReplies();

  void Cancel(uint64_t number);
  // What is not sent, and nobody waits for any more.
  void DropAbandoned();
  void WatchDeadline(MonotonicTime when);
  void Sweep();
  MonotonicTime SweepQueue(std::deque<Pending>& queue, MonotonicTime now);
  static void Complete(Pending& pending, Answer answer);
  void Refuse(std::deque<Pending>& queue, const absl::Status& status);
  void Post(Handler handler, absl::Status status);

  const asio::any_io_executor loop_;
  Timers& timers_;
  Random& random_;
  const std::shared_ptr<const Route> route_;

  State state_ = State::kConnecting;
  absl::Status why_down_;
  std::string run_id_;
  TransportPtr transport_;   // Set while ready.
  uint64_t generation_ = 0;  // Of the connection: late completions of an earlier one are ignored.
  std::unique_ptr<Decoder> decoder_;
  std::array<char, 64 << 10> buffer_;
  std::deque<Pending> unsent_, sent_;
  size_t unsent_bytes_ = 0;
  uint64_t last_number_ = 0;
  std::string out_;  // Being written.
  bool writing_ = false;
  bool flush_scheduled_ = false;
  MonotonicTime sweep_at_ = MonotonicTime::max();
  Timers::Id sweep_ = 0;
  int failures_ = 0;
  std::function<void()> on_loss_;
};

}  // namespace weir::redis
