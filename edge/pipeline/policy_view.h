#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "common/api/cache.h"
#include "common/api/guardrails.h"
#include "common/async/timers.h"
#include "common/log/log.h"
#include "edge/pipeline/attached_policies.h"

namespace weir::edge {

// Follows the table of policies of one service (guardrails, cache) on one loop, and used on its
// thread alone. The newest table stays, whatever becomes of the service.
template <typename Api, typename Event>
class PolicyView {
 public:
  using Table = std::remove_cvref_t<decltype(std::declval<Event>()->table())>;
  using Policies = std::remove_cvref_t<decltype(std::declval<Table>().policies())>;

  // One version of the table. Immutable; requests hold it while they run.
  struct Snapshot {
    explicit Snapshot(std::shared_ptr<const Table> from)
        : table(std::move(from)), attached(table, table->policies()) {}
    const std::shared_ptr<const Table> table;
    const AttachedPolicies<Policies> attached;
  };

  // `api` and `timers` must outlive the view. `service` names it in the log.
  PolicyView(Api& api, Timers& timers, std::string_view service)
      : api_(api), timers_(timers), service_(service) {}

  // Reads tables until the loop ends; watches again after a break.
  asio::awaitable<void> Run() {
    for (;;) {
      auto executor = co_await asio::this_coro::executor;
      stream_ = api_.Watch({}, executor);
      heard_ = timers_.clock().Monotonic();
      for (;;) {
        absl::StatusOr<Event> event = co_await stream_->Next();
        if (!event.ok()) break;
        Take(*event);
      }
      is_told_ = false;
      log::Warn("edge.policies.watch_ended", {{"service", service_}});
      co_await SleepFor(timers_, kPause);
    }
  }

  // Ends a stream that has fallen silent, so that another replica is asked. Now and then.
  void LookAround() {
    if (IsSilent(kSilence) && stream_ != nullptr) stream_->End();
  }

  // The service has said something just now, or need not: what waits for it waits for somebody.
  bool IsInTouch() const { return is_told_ && !IsSilent(kFresh); }

  // The newest table; null until the first has come.
  std::shared_ptr<const Snapshot> Current() const { return current_; }

 private:
  static constexpr Duration kPause = std::chrono::milliseconds(500);
  // Three heartbeats.
  static constexpr Duration kSilence = std::chrono::seconds(3);
  // One, and a little.
  static constexpr Duration kFresh = std::chrono::milliseconds(1500);

  bool IsSilent(Duration longer_than) const {
    return beats_ && timers_.clock().Monotonic() - heard_ > longer_than;
  }
  void Take(const Event& event) {
    heard_ = timers_.clock().Monotonic();
    is_told_ = true;
    beats_ = beats_ || !event->has_table();
    if (!event->has_table()) return;
    current_ =
        std::make_shared<const Snapshot>(std::shared_ptr<const Table>(event, &event->table()));
  }

  Api& api_;
  Timers& timers_;
  const std::string service_;
  std::shared_ptr<EventStream<Event>> stream_;
  std::shared_ptr<const Snapshot> current_;
  MonotonicTime heard_{};
  bool is_told_ = false;  // Something came of this stream, and it is not over.
  // There are heartbeats: a service of one's own process needs none.
  bool beats_ = false;
};

using GuardPolicyView = PolicyView<api::Guardrails, api::GuardrailsEvent>;
using CachePolicyView = PolicyView<api::Cache, api::CacheEvent>;

}  // namespace weir::edge
