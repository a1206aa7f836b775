#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/async/loop_local.h"
#include "common/async/mutex.h"
#include "common/redis/client.h"
#include "services/quota/config.h"
#include "services/quota/redis_rebuilds.h"
#include "services/quota/redis_scripts.h"
#include "services/quota/redis_wire.h"
#include "services/quota/windows.h"

namespace weir::quota {

struct RedisStoreDeps {
  std::shared_ptr<const redis::Route> route;
  const Clock& clock;  // These outlive the store and all loops that use it.
  Random& random;
  CounterSource& source;
};

// The scripts of quota on a shared Redis, for one organisation each. Each event loop has a
// connection of its own. Thread-safe.
//
// What is stored is relied on where the server is the one it was last rebuilt on (by run id, which
// a restart and a failover change) and has all changes that this process saw. Else the
// organisation's counters are taken from `source` first, by one of those who ask; the others wait.
class RedisStore {
 public:
  struct Options {
    Duration hold_ttl = std::chrono::seconds(60);
    Duration replay_retention = std::chrono::hours(1);
    int64_t replay_records = 200'000;
    Duration lapsed_retention = std::chrono::hours(7 * 24);
    int64_t max_lapsed = 100'000;
    // Counters of an organisation that are looked at, whether they are idle, each time it is
    // reaped.
    int64_t swept_at_once = 256;
    // What was posted before a loss may be on its way into the ledger for so long.
    Duration rebuild_grace = std::chrono::milliseconds(100);
    // After a loss edges have so long to say what they have under way, before anything is decided;
    // from when it was noticed first on this server.
    Duration listening{0};
    // For tests: microseconds since the Unix epoch, in place of the server's clock.
    std::function<int64_t()> time_us;
  };
  RedisStore(Options options, RedisStoreDeps deps);

  // Runs a script and answers what it does: an array that begins with 0, the time, the epoch and
  // the number of changes. Repeated where the connection was lost meanwhile: every script may be.
  //
  // kUnavailable: the server cannot be asked, or its counters cannot be rebuilt.
  asio::awaitable<absl::StatusOr<redis::Reply>> Run(const redis::Script* script,
                                                    std::string organization,
                                                    std::vector<std::string> arguments);
  // Runs one of the scripts of an index, or a command on it.
  asio::awaitable<absl::StatusOr<redis::Reply>> RunOnIndex(const redis::Script* script,
                                                           std::string index,
                                                           std::vector<std::string> arguments);
  asio::awaitable<absl::StatusOr<std::vector<std::string>>> Members(std::string index);

  // Sets counters of one organisation, whether they were lost or not.
  asio::awaitable<absl::Status> Restore(std::string organization,
                                        std::vector<RestoredCounter> counters);
  // Notes whether this is another server than before, or one that was flushed: then edges are told
  // before somebody calls.
  asio::awaitable<absl::Status> MeetServer();

  // Windows::OnLoss.
  void OnLoss(std::function<void(const std::string&)> told) { told_of_loss_ = std::move(told); }
  // Counters of the organisation are rebuilt before they are relied on again.
  void Distrust(std::string_view organization);

  // Puts the organisation's name into what Renew and ReapExpired go by, unless this loop did so not
  // long ago.
  asio::awaitable<absl::Status> Announce(std::string organization, std::string edge);

  // Monotonic, on the loop that asks: when a look at an organisation is due.
  absl::flat_hash_map<std::string, MonotonicTime>& next_looks(asio::any_io_executor loop);

  FirstSeen& first_seen() { return first_seen_; }
  const RedisScripts& scripts() const { return scripts_; }
  const Options& options() const { return options_; }
  const Clock& clock() const { return deps_.clock; }

 private:
  // How far this loop has seen an organisation go.
  struct Seen {
    int64_t epoch = 0;
    int64_t changes = 0;
  };
  struct Loop {
    Loop(asio::io_context& context, const RedisStoreDeps& deps);
    AsioTimers timers;
    std::unique_ptr<redis::Client> client;
    std::string met;  // Run id of the server that was met last.
    absl::flat_hash_map<std::string, Seen> seen;
    absl::flat_hash_map<std::string, MonotonicTime> announced;
    absl::flat_hash_map<std::string, MonotonicTime> next_looks;
  };
  // Where an organisation stands, as a script answers it.
  struct Standing {
    bool lost = false;
    int64_t epoch = 0;
    int64_t changes = 0;
    // What a rebuild of it has to show (base.lua); only where it is rebuilt.
    std::string mark;
    // Set: nothing was done, for edges are listened to.
    std::optional<Duration> listens_for;
  };

  asio::awaitable<absl::StatusOr<std::string>> ConnectedTo(Loop& loop);
  std::string Encode(const redis::Script& script, const std::string& run_id,
                     const std::string& organization,
                     const std::vector<std::string>& arguments) const;
  // One try on the server that is connected.
  asio::awaitable<absl::StatusOr<redis::Reply>> RunOnce(Loop& loop, const redis::Script* script,
                                                        std::string organization,
                                                        std::vector<std::string> arguments);
  static absl::StatusOr<Standing> StandingOf(const redis::Reply& reply);
  // Whether the server has less than it had.
  static bool FellBack(Loop& loop, const std::string& organization, const Standing& standing);
  bool IsDistrusted(const std::string& organization) const;
  asio::awaitable<absl::Status> Rebuild(Loop& loop, std::string organization, Standing found,
                                        bool fell_back);
  asio::awaitable<absl::StatusOr<Duration>> Meet(Loop& loop);
  // Tells of a loss; how long edges are to be listened to.
  asio::awaitable<absl::StatusOr<Duration>> BeginListening(Loop& loop, std::string organization,
                                                           bool fell_back);
  asio::awaitable<absl::Status> TakeFromSource(Loop& loop, std::string organization, Standing found,
                                               bool fell_back);
  // What is replaced: the standing that was found; without, whatever is there. False: it was not
  // done, for that standing is no longer so.
  asio::awaitable<absl::StatusOr<bool>> SetCounters(Loop& loop, std::string organization,
                                                    std::optional<Standing> replaced,
                                                    std::vector<RestoredCounter> counters,
                                                    Duration listening);

  const Options options_;
  const RedisStoreDeps deps_;
  const RedisScripts scripts_;
  const std::string packed_options_;
  LoopLocal<Loop> loops_;
  RedisRebuilds rebuilds_;
  std::function<void(const std::string&)> told_of_loss_;
  FirstSeen first_seen_;
  mutable Mutex mutex_;
  absl::flat_hash_set<std::string> distrusted_ ABSL_GUARDED_BY(mutex_);
  // Could not be rebuilt when they were lost.
  absl::flat_hash_set<std::string> failed_ ABSL_GUARDED_BY(mutex_);
  // Since when the server that was met last is relied on, of its clock.
  std::atomic<int64_t> begun_us_ = 0;
  std::atomic<bool> any_distrusted_ = false;
};

}  // namespace weir::quota
