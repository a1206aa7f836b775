#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "common/async/event_stream.h"
#include "common/async/timers.h"
#include "services/identity/directory.h"
#include "weir/identity/v1/identity.pb.h"

namespace weir::identity {

// Every edit of the directory goes through here: it is written with its number in the change log,
// and told to the watchers once it is durable, in the order of the numbers. Thread-safe.
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
  void Publish(const std::vector<std::pair<uint64_t, Change>>& changes);

  const Deps deps_;
  // Held from the transaction to its events: two writers must not tell their changes in the other
  // order.
  Mutex writing_;
  // Held while telling, so that a new watcher neither misses a change nor hears one twice.
  Mutex telling_;
  std::atomic<uint64_t> sequence_;
  Broadcaster<v1::WatchEvent> watchers_;
};

}  // namespace weir::identity
