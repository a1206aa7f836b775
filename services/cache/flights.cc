#include "services/cache/flights.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <tuple>
#include <utility>

namespace weir::cache {
namespace {

constexpr size_t kLeaseIdLength = 22;
constexpr Duration kAskAgain = std::chrono::milliseconds(500);
// Asked of the other replicas in one tick.
constexpr size_t kMaxAsked = 256;

}  // namespace

// One who waits. The coroutine owns it: where that is gone, so is this.
struct Flights::Waiter {
  Waiter(asio::any_io_executor executor, MonotonicTime until)
      : executor(executor), wake(executor, asio::steady_timer::time_point::max()), until(until) {}
  const asio::any_io_executor executor;
  asio::steady_timer wake;  // On the executor alone.
  const MonotonicTime until;
  bool done = false;  // This and the next under the flights' lock.
  LeadOutcome outcome;
  std::weak_ptr<Waiter> self;
};

Flights::Flights(Deps deps) : deps_(deps), lease_ids_(deps.random) {
  if (deps_.metrics == nullptr) return;
  auto& outcomes = deps_.metrics->NewCounterFamily(
      "weir_cache_leads_total", "Misses that asked to lead, by what came of it.", {"outcome"});
  leads_ = &outcomes.With({"leads"});
  answered_ = &outcomes.With({"answered"});
  alone_ = &outcomes.With({"alone"});
  waited_ = &deps_.metrics->NewHistogram("weir_cache_lead_wait_seconds",
                                         "How long those waited that did not lead at once.",
                                         metrics::SecondsBuckets());
}

std::string Flights::NewLease() { return RandomBase62(lease_ids_, kLeaseIdLength); }

std::shared_ptr<Flights::Waiter> Flights::MakeWaiter(const Waiting& waiting) {
  auto waiter = std::make_shared<Waiter>(waiting.executor, waiting.until);
  waiter->self = waiter;
  return waiter;
}

Flights::Begun Flights::Begin(const std::string& organization, const std::string& flight,
                              const Waiting& waiting) {
  MutexLock lock(mutex_);
  if (closed_) return {};
  if (const auto landed = landed_.find(flight); landed != landed_.end()) {
    return {.outcome = {.recording = landed->second.recording}};
  }
  const auto found = flights_.find(flight);
  if (found == flights_.end()) {
    if (flights_.size() + landed_.size() >= kMaxFlights) return {};
    std::string lease_id = NewLease();
    const auto made = flights_.try_emplace(flight, Flight{.organization = organization,
                                                          .lease_id = lease_id,
                                                          .renewed = deps_.clock.Monotonic()});
    by_lease_.emplace(lease_id, &made.first->first);
    return {.outcome = {.lease_id = std::move(lease_id)}};
  }
  if (ended_ || found->second.waiters.size() >= kMaxWaiters) return {};
  Begun begun{.waiter = MakeWaiter(waiting)};
  found->second.waiters.push_back(begun.waiter);
  return begun;
}

asio::awaitable<Flights::Begun> Flights::AmongReplicas(Begun begun, std::string flight,
                                                       Waiting waiting) {
  if (deps_.leases == nullptr || begun.outcome.lease_id.empty()) co_return begun;
  const absl::StatusOr<bool> taken =
      co_await deps_.leases->Take(flight, begun.outcome.lease_id, kLease);
  // Where the others cannot be asked, each replica has a leader of its own.
  if (!taken.ok() || *taken) co_return begun;
  begun = WaitForOthers(flight, begun.outcome.lease_id, waiting);
  co_return begun;
}

asio::awaitable<LeadOutcome> Flights::Lead(std::string organization, std::string flight,
                                           MonotonicTime deadline) {
  const MonotonicTime began = deps_.clock.Monotonic();
  auto executor = co_await asio::this_coro::executor;
  const Waiting waiting{.executor = executor,
                        .until = std::min(deadline - kTick, began + kLongestWait)};
  Begun begun = Begin(organization, flight, waiting);
  if (deps_.leases != nullptr) {
    begun = co_await AmongReplicas(std::move(begun), std::move(flight), waiting);
  }
  if (begun.waiter != nullptr) {
    begun.outcome = co_await Wait(begun.waiter);
    const Duration took = deps_.clock.Monotonic() - began;
    if (waited_ != nullptr) waited_->Observe(std::chrono::duration<double>(took).count());
  }
  Count(begun.outcome);
  co_return std::move(begun.outcome);
}

void Flights::Count(const LeadOutcome& outcome) {
  if (leads_ == nullptr) return;
  if (!outcome.lease_id.empty()) {
    leads_->Add();
  } else {
    (outcome.recording != nullptr ? answered_ : alone_)->Add();
  }
}

Flights::Begun Flights::WaitForOthers(const std::string& flight, const std::string& lease_id,
                                      const Waiting& waiting) {
  MutexLock lock(mutex_);
  by_lease_.erase(lease_id);
  if (const auto landed = landed_.find(flight); landed != landed_.end()) {
    return {.outcome = {.recording = landed->second.recording}};
  }
  const auto found = flights_.find(flight);
  if (found == flights_.end()) return {};
  if (found->second.lease_id == lease_id) {
    found->second.lease_id.clear();
    found->second.ask_again = deps_.clock.Monotonic() + kAskAgain;
  }
  if (ended_) return {};
  Begun begun{.waiter = MakeWaiter(waiting)};
  found->second.waiters.push_front(begun.waiter);
  return begun;
}

asio::awaitable<LeadOutcome> Flights::Wait(std::shared_ptr<Waiter> waiter) {
  for (;;) {
    {
      MutexLock lock(mutex_);
      if (waiter->done) co_return waiter->outcome;
    }
    std::ignore = co_await waiter->wake.async_wait(kTuple);
    const bool expired = waiter->wake.expiry() == asio::steady_timer::time_point::min();
    MutexLock lock(mutex_);
    // Cancelled: nobody wants to hear of it any more.
    if (!waiter->done && !expired) waiter->done = true;
    if (waiter->done) co_return waiter->outcome;
  }
}

void Flights::Resolve(Waiter& waiter, LeadOutcome outcome) {
  waiter.done = true;
  waiter.outcome = std::move(outcome);
  asio::post(waiter.executor, [weak = waiter.self] {
    if (const auto self = weak.lock()) {
      self->wake.expires_at(asio::steady_timer::time_point::min());
    }
  });
}

std::shared_ptr<Flights::Waiter> Flights::PopWaiter(Flight& flight) {
  while (!flight.waiters.empty()) {
    std::shared_ptr<Waiter> waiter = flight.waiters.front().lock();
    flight.waiters.pop_front();
    if (waiter != nullptr && !waiter->done) return waiter;
  }
  return nullptr;
}

void Flights::ResolveAll(Flight& flight, const std::shared_ptr<const v1::Recording>& recording) {
  while (const std::shared_ptr<Waiter> waiter = PopWaiter(flight)) {
    Resolve(*waiter, {.recording = recording});
  }
}

Flights::Map::iterator Flights::OfLease(const std::string& organization,
                                        const std::string& lease_id) {
  const auto lease = by_lease_.find(lease_id);
  if (lease == by_lease_.end()) return flights_.end();
  const auto found = flights_.find(*lease->second);
  if (found == flights_.end() || found->second.organization != organization) {
    return flights_.end();
  }
  return found;
}

asio::awaitable<bool> Flights::Renew(std::string organization, std::string lease_id) {
  std::string flight;
  {
    MutexLock lock(mutex_);
    const auto found = OfLease(organization, lease_id);
    if (found == flights_.end()) co_return false;
    found->second.renewed = deps_.clock.Monotonic();
    flight = found->first;
  }
  if (deps_.leases == nullptr) co_return true;
  const absl::StatusOr<bool> renewed =
      co_await deps_.leases->Renew(std::move(flight), std::move(lease_id), kLease);
  // Where the others cannot be asked, who leads here goes on doing so.
  co_return !renewed.ok() || *renewed;
}

asio::awaitable<void> Flights::Release(std::string organization, std::string lease_id) {
  std::string flight;
  {
    MutexLock lock(mutex_);
    const auto found = OfLease(organization, lease_id);
    if (found == flights_.end()) co_return;
    flight = found->first;
    found->second.lease_id.clear();
    by_lease_.erase(lease_id);
  }
  if (deps_.leases != nullptr) deps_.leases->Drop(flight, lease_id);
  co_await HandOver(std::move(flight));
}

asio::awaitable<void> Flights::HandOver(std::string flight) {
  std::string lease_id;
  {
    MutexLock lock(mutex_);
    const auto found = flights_.find(flight);
    if (found == flights_.end() || !found->second.lease_id.empty()) co_return;
    lease_id = NewLease();
    DropGone(found->second);
    if (found->second.waiters.empty()) {
      flights_.erase(found);
      co_return;
    }
  }
  if (deps_.leases != nullptr) {
    const absl::StatusOr<bool> taken = co_await deps_.leases->Take(flight, lease_id, kLease);
    if (taken.ok() && !*taken) {
      AskAgainLater(flight);
      co_return;
    }
  }
  const bool given = GiveTo(flight, lease_id);
  if (!given && deps_.leases != nullptr) deps_.leases->Drop(flight, lease_id);
}

void Flights::DropGone(Flight& flight) {
  std::erase_if(flight.waiters, [](const std::weak_ptr<Waiter>& each) {
    const auto waiter = each.lock();
    return waiter == nullptr || waiter->done;
  });
}

void Flights::AskAgainLater(const std::string& flight) {
  MutexLock lock(mutex_);
  const auto found = flights_.find(flight);
  if (found != flights_.end()) {
    found->second.ask_again = deps_.clock.Monotonic() + kAskAgain;
  }
}

bool Flights::GiveTo(const std::string& flight, const std::string& lease_id) {
  MutexLock lock(mutex_);
  const auto found = flights_.find(flight);
  if (found == flights_.end() || !found->second.lease_id.empty()) return false;
  const std::shared_ptr<Waiter> next = PopWaiter(found->second);
  if (next == nullptr) {
    flights_.erase(found);
    return false;
  }
  found->second.lease_id = lease_id;
  found->second.renewed = deps_.clock.Monotonic();
  by_lease_.insert_or_assign(lease_id, &found->first);
  Resolve(*next, {.lease_id = lease_id});
  return true;
}

std::string Flights::Land(const std::string& organization, const std::string& lease_id,
                          std::shared_ptr<const v1::Recording> recording, bool keep) {
  std::string flight;
  {
    MutexLock lock(mutex_);
    const auto found = OfLease(organization, lease_id);
    if (found == flights_.end()) return "";
    flight = found->first;
    by_lease_.erase(lease_id);
    ResolveAll(found->second, recording);
    if (keep) {
      LandLocked(found, std::move(recording));
    } else {
      flights_.erase(found);
    }
  }
  return flight;
}

void Flights::LandLocked(Map::iterator found, std::shared_ptr<const v1::Recording> recording) {
  const MonotonicTime until = deps_.clock.Monotonic() + kAfterglow;
  landed_order_.push_back({.until = until, .flight = found->first});
  landed_.insert_or_assign(found->first,
                           Landed{.organization = std::move(found->second.organization),
                                  .recording = std::move(recording),
                                  .until = until});
  flights_.erase(found);
}

void Flights::LandFromAfar(const std::string& flight,
                           std::shared_ptr<const v1::Recording> recording) {
  MutexLock lock(mutex_);
  const auto found = flights_.find(flight);
  // Who leads here will have an answer of his own.
  if (found == flights_.end() || !found->second.lease_id.empty()) return;
  ResolveAll(found->second, recording);
  LandLocked(found, std::move(recording));
}

void Flights::Forget(const std::string& organization) {
  MutexLock lock(mutex_);
  absl::erase_if(landed_,
                 [&](const auto& each) { return each.second.organization == organization; });
  const auto is_gone = [&](const LandedFlight& each) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return !landed_.contains(each.flight);
  };
  std::erase_if(landed_order_, is_gone);
}

void Flights::EndWaits() {
  MutexLock lock(mutex_);
  ended_ = true;
  for (auto& [name, flight] : flights_) ResolveAll(flight, nullptr);
}

// True: its lease is to be had, for those who wait.
bool Flights::SweepOne(Flight& flight, MonotonicTime now) {
  for (const std::weak_ptr<Waiter>& each : flight.waiters) {
    const auto waiter = each.lock();
    if (waiter != nullptr && !waiter->done && waiter->until <= now) Resolve(*waiter, {});
  }
  DropGone(flight);
  if (!flight.lease_id.empty()) {
    if (now - flight.renewed <= kLease) return false;
    by_lease_.erase(std::exchange(flight.lease_id, ""));
    return true;
  }
  return now >= flight.ask_again;
}

void Flights::DropLanded(MonotonicTime now) {
  while (!landed_order_.empty() && landed_order_.front().until <= now) {
    landed_.erase(landed_order_.front().flight);
    landed_order_.pop_front();
  }
}

std::vector<std::string> Flights::Sweep() {
  const MonotonicTime now = deps_.clock.Monotonic();
  std::vector<std::string> free;
  MutexLock lock(mutex_);
  DropLanded(now);
  for (auto& [name, flight] : flights_) {
    if (SweepOne(flight, now) && free.size() < kMaxAsked) free.push_back(name);
  }
  return free;
}

asio::awaitable<void> Flights::Tick() {
  for (std::string& each : Sweep()) co_await HandOver(std::move(each));
}

void Flights::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
  for (auto& [name, flight] : flights_) ResolveAll(flight, nullptr);
}

size_t Flights::size() const {
  MutexLock lock(mutex_);
  return flights_.size() + landed_.size();
}

}  // namespace weir::cache
