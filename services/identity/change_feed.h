#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "common/async/event_stream.h"
#include "common/async/timers.h"
#include "services/identity/directory.h"
#include "weir/identity/v1/identity.pb.h"

namespace weir::identity {

// Every edit of the directory goes through here: it is written with its number in the change log,
// and told to the watchers once it is durable, in the order of the numbers. What other processes
// write to the same directory is told too, by Follow. Thread-safe.
class ChangeFeed {
 public:
  struct Deps {
    Directory& directory;  // Both must outlive this object.
    const Clock& clock;
  };
  // Goes on counting where the directory's log ends. Blocks. kUnavailable: the directory cannot be
  // read.
  static absl::StatusOr<std::unique_ptr<ChangeFeed>> Open(Deps deps);

  // What a work adds to `changes` is logged in the same transaction.
  using Work = std::function<absl::Status(DirectoryWriter&, std::vector<Change>& changes)>;
  // Directory::Write, then the events. Blocks.
  absl::Status Write(const Work& work);

  // Tells the watchers what others have logged since the last event. Blocks; cheap where there is
  // nothing. What the log has let go of meanwhile shows as a gap in the numbers; a log that ends
  // before the last event is another one, and a heartbeat of a lower number says so.
  absl::Status Follow();

  // Number of the last change that watchers were told of. A read of the directory that begins after
  // this sees that change.
  uint64_t sequence() const { return sequence_.load(std::memory_order_acquire); }

  // Changes from now on, after a heartbeat that carries the number of the last one. Never waits for
  // the directory.
  std::shared_ptr<EventStream<v1::WatchEvent>> Watch(asio::any_io_executor executor);

  // Tells the watchers each `period` that the feed is alive, until cancelled. Run it on one loop.
  asio::awaitable<void> RunHeartbeats(Timers& timers, Duration period);

  // Ends all streams; the watchers come back to whoever is there then. At shutdown: once the loops
  // have stopped and before they go, for a stream and the coroutine that waits for it hold each
  // other.
  void Close();

 private:
  ChangeFeed(Deps deps, uint64_t sequence) : deps_(deps), sequence_(sequence) {}
  void Heartbeat();
  // One page of the log. False: that was all.
  absl::StatusOr<bool> FollowPage();
  void TellOwn(const std::vector<LoggedChange>& changes);
  // Leaves out what was told already. False: there is more before them, and nothing was told.
  bool TellNext(const std::vector<LoggedChange>& changes);
  // The same whatever was before them: a gap in the numbers shows that something is missing.
  void Tell(std::span<const LoggedChange> changes);
  void Publish(std::span<const LoggedChange> changes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(telling_);
  void StartOver(uint64_t told, uint64_t last);

  const Deps deps_;
  // One writer of this process at a time waits for the directory.
  Mutex writing_;
  // Held while telling, so that a new watcher neither misses a change nor hears one twice.
  Mutex telling_;
  std::atomic<uint64_t> sequence_;
  Broadcaster<v1::WatchEvent> watchers_;
};

}  // namespace weir::identity
