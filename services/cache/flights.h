#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/node_hash_map.h>

#include <deque>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "common/async/asio.h"
#include "common/async/mutex.h"
#include "common/ids/buffered_random.h"
#include "common/metrics/registry.h"
#include "common/time/clock.h"
#include "services/cache/recording_store.h"

namespace weir::cache {

// What came of asking to lead. Neither: the caller asks for itself.
struct LeadOutcome {
  std::string lease_id;                            // The caller leads.
  std::shared_ptr<const v1::Recording> recording;  // Another one led, and this is its answer.
};

// Equal requests of one principal at one time: one of them leads, the others wait for its answer.
// A flight is named by 32 bytes that stand for all that must be equal. Thread-safe; owns no thread.
class Flights {
 public:
  // A lease that is not renewed for so long is over.
  static constexpr Duration kLease = std::chrono::seconds(10);
  // Nobody waits longer.
  static constexpr Duration kLongestWait = std::chrono::seconds(30);
  // For one flight; further ones ask for themselves.
  static constexpr size_t kMaxWaiters = 4096;
  static constexpr size_t kMaxFlights = 65'536;
  // Who looked before the answer was there, and asks to lead after, gets it so long.
  static constexpr Duration kAfterglow = std::chrono::seconds(2);
  // Between two calls of Tick: how late a wait or a lease may end.
  static constexpr Duration kTick = std::chrono::milliseconds(100);

  struct Deps {
    const Clock& clock;  // Both outlive this object.
    Random& random;
    Leases* leases = nullptr;              // Between replicas; null: there are none.
    metrics::Registry* metrics = nullptr;  // Null: nothing is counted.
  };
  explicit Flights(Deps deps);

  // Leads `flight`, or waits: until `deadline` less a tick, kLongestWait at most.
  asio::awaitable<LeadOutcome> Lead(std::string organization, std::string flight,
                                    MonotonicTime deadline);
  // False: the lease is over, or of another organisation.
  asio::awaitable<bool> Renew(std::string organization, std::string lease_id);
  // The next one leads.
  asio::awaitable<void> Release(std::string organization, std::string lease_id);

  // The answer of who led: those who wait get it. `keep`: those who come soon, too. Returns the
  // flight; empty: the lease is over, or of another organisation.
  std::string Land(const std::string& organization, const std::string& lease_id,
                   std::shared_ptr<const v1::Recording> recording, bool keep);
  // The same of an answer that another replica's leader had.
  void LandFromAfar(const std::string& flight, std::shared_ptr<const v1::Recording> recording);

  // Nobody gets an answer any more that landed before.
  void Forget(const std::string& organization);

  // Ends all waits, and nobody waits from now on: the process is about to go.
  void EndWaits();

  // Ends waits and leases whose time is over. Each kTick, from one loop.
  asio::awaitable<void> Tick();

  // Before this process ends: nobody waits any more, or begins to.
  void Close();

  size_t size() const;

 private:
  struct Waiter;
  // What a waiter is made of, where there is something to wait for.
  struct Waiting {
    asio::any_io_executor executor;
    MonotonicTime until;
  };
  // Under way: somebody leads, here or at another replica.
  struct Flight {
    std::string organization;
    std::string lease_id;  // Empty: led by another replica, as far as is known.
    MonotonicTime renewed;
    MonotonicTime ask_again;                   // Led elsewhere: when to try for the lease.
    std::list<std::weak_ptr<Waiter>> waiters;  // Takes no memory where nobody waits.
  };
  // Named flights keep their address: leases refer to them.
  using Map = absl::node_hash_map<std::string, Flight>;
  // Over, and the answer is there for who comes a moment late.
  struct Landed {
    std::string organization;
    std::shared_ptr<const v1::Recording> recording;
    MonotonicTime until;
  };
  struct LandedFlight {
    MonotonicTime until;
    std::string flight;
  };

  // Who leads, has an answer, or goes alone; or waits, where there is a waiter.
  struct Begun {
    LeadOutcome outcome;
    std::shared_ptr<Waiter> waiter;
  };
  static std::shared_ptr<Waiter> MakeWaiter(const Waiting& waiting);
  std::string NewLease() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Begun Begin(const std::string& organization, const std::string& flight, const Waiting& waiting);
  // Who is to lead here may have to wait for another replica's leader.
  asio::awaitable<Begun> AmongReplicas(Begun begun, std::string flight, Waiting waiting);
  void Count(const LeadOutcome& outcome);
  asio::awaitable<LeadOutcome> Wait(std::shared_ptr<Waiter> waiter);
  // Who wanted to lead by `lease_id` waits for another replica's leader, if there is anything to
  // wait for.
  Begun WaitForOthers(const std::string& flight, const std::string& lease_id,
                      const Waiting& waiting);
  static void DropGone(Flight& flight);
  // The first that still waits; null: nobody.
  static std::shared_ptr<Waiter> PopWaiter(Flight& flight);
  static void Resolve(Waiter& waiter, LeadOutcome outcome);
  void ResolveAll(Flight& flight, const std::shared_ptr<const v1::Recording>& recording)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // It is over, and its answer stays for kAfterglow.
  void LandLocked(Map::iterator found, std::shared_ptr<const v1::Recording> recording)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // False: nobody waits any more.
  bool GiveTo(const std::string& flight, const std::string& lease_id);
  void AskAgainLater(const std::string& flight);
  // Its lease is over: the next one leads, if it can be had from the other replicas.
  asio::awaitable<void> HandOver(std::string flight);
  // Flights whose lease is to be had now.
  std::vector<std::string> Sweep();
  void DropLanded(MonotonicTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool SweepOne(Flight& flight, MonotonicTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Map::iterator OfLease(const std::string& organization, const std::string& lease_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Deps deps_;
  metrics::Counter* leads_ = nullptr;
  metrics::Counter* answered_ = nullptr;
  metrics::Counter* alone_ = nullptr;
  metrics::Histogram* waited_ = nullptr;
  mutable Mutex mutex_;
  BufferedRandom lease_ids_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  Map flights_ ABSL_GUARDED_BY(mutex_);
  // Lease -> flight, which is there as long as its lease is.
  absl::flat_hash_map<std::string, const std::string*> by_lease_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, Landed> landed_ ABSL_GUARDED_BY(mutex_);
  // As they landed: what is over first.
  std::deque<LandedFlight> landed_order_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace weir::cache
