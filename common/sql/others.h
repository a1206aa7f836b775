#pragma once

#include <future>
#include <optional>

#include "common/sql/config.h"
#include "common/sql/follower.h"

namespace weir::sql {

// Keeps a process up to what other processes commit in its part of a database: `follow` runs at
// once when the doorbell rings for it, each second while that does not listen, and now and then
// while it does; on a thread of its own, which a server that does not answer may hold for as long
// as it likes.
class Others {
 public:
  // `component`: whose Writes it is about, and its name in the log. `loop`, whose timers are
  // `timers`, outlives this object; it is destroyed once nobody runs the loop.
  Others(const DatabaseConfig& config, std::string component, std::function<absl::Status()> follow,
         asio::io_context& loop, Timers& timers)
      : loop_(loop),
        follower_(std::in_place, component, std::move(follow), kUnheard,
                  Follower::Deps{.loop = loop, .timers = timers, .workers = thread_}),
        doorbell_(OpenDoorbell(
            config,
            [this, component](std::string_view rung) {
              if (rung.empty() || rung == component) follower_->Ring();
            },
            [this](bool listens) { follower_->SetPeriod(listens ? kHeard : kUnheard); })) {}

  // Follows nothing any more; what was under way is done when this returns. While the loop runs on
  // another thread. Once.
  void Stop() {
    doorbell_ = nullptr;
    std::promise<void> ended;
    asio::post(loop_, [&] {
      follower_.reset();
      ended.set_value();
    });
    ended.get_future().wait();
    thread_.Stop();
  }

 private:
  static constexpr Duration kUnheard = std::chrono::seconds(1);
  // A server that stands still is noticed so late, if nobody asks it for anything.
  static constexpr Duration kHeard = std::chrono::seconds(4);

  asio::io_context& loop_;
  WorkerPool thread_{"weir-follow", 1, 10};
  std::optional<Follower> follower_;
  std::unique_ptr<Doorbell> doorbell_;
};

}  // namespace weir::sql
