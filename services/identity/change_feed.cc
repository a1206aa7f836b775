#include "services/identity/change_feed.h"

#include <boost/asio/cancellation_state.hpp>

namespace weir::identity {
namespace {

// Changes that are read at once.
constexpr int kPage = 1000;

v1::WatchEvent HeartbeatOf(uint64_t sequence) {
  v1::WatchEvent event;
  event.set_sequence(sequence);
  event.mutable_heartbeat();
  return event;
}

v1::WatchEvent EventOf(uint64_t sequence, const Change& change) {
  v1::WatchEvent event;
  event.set_sequence(sequence);
  if (change.kind == Change::Kind::kKey) {
    event.mutable_key_changed()->set_key_public_id(change.name);
  } else {
    event.mutable_organization_changed()->set_organization(change.organization);
  }
  return event;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChangeFeed>> ChangeFeed::Open(Deps deps) {
  uint64_t sequence = 0;
  const absl::Status read = deps.directory.Read([&](DirectoryReader& reader) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(sequence, reader.LastSequence());
    return absl::OkStatus();
  });
  WEIR_RETURN_IF_ERROR(status::While(read, "reading the end of the change log"));
  return std::unique_ptr<ChangeFeed>(new ChangeFeed(deps, sequence));
}

absl::Status ChangeFeed::Write(const Work& work) {
  MutexLock one_at_a_time(writing_);
  std::vector<LoggedChange> logged;
  WEIR_RETURN_IF_ERROR(deps_.directory.Write([&](DirectoryWriter& writer) -> absl::Status {
    std::vector<Change> changes;
    WEIR_RETURN_IF_ERROR(work(writer, changes));
    for (const Change& each : changes) {
      WEIR_ASSIGN_OR_RETURN(const uint64_t sequence, writer.Log(each, deps_.clock.Now()));
      logged.push_back({sequence, each});
    }
    return absl::OkStatus();
  }));
  TellOwn(logged);
  return absl::OkStatus();
}

void ChangeFeed::TellOwn(const std::vector<LoggedChange>& changes) {
  if (TellNext(changes)) return;
  // Others wrote before us: their changes come first, and ours are in the log as well.
  if (Follow().ok()) return;
  // A watcher must not miss what was done here; from the gap it sees that it misses something.
  Tell(changes);
}

absl::Status ChangeFeed::Follow() {
  for (;;) {
    absl::StatusOr<bool> more = FollowPage();
    if (!more.ok()) return status::While(more.status(), "reading what others have changed");
    if (!*more) return absl::OkStatus();
  }
}

absl::StatusOr<bool> ChangeFeed::FollowPage() {
  const uint64_t told = sequence();
  uint64_t last = 0;
  std::vector<LoggedChange> changes;
  WEIR_RETURN_IF_ERROR(deps_.directory.Read([&](DirectoryReader& reader) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(last, reader.LastSequence());
    if (last <= told) return absl::OkStatus();
    WEIR_ASSIGN_OR_RETURN(changes, reader.ChangesAfter(told, kPage));
    return absl::OkStatus();
  }));
  if (last < told) StartOver(told, last);
  Tell(changes);
  return changes.size() == kPage;
}

bool ChangeFeed::TellNext(const std::vector<LoggedChange>& changes) {
  MutexLock lock(telling_);
  if (!changes.empty() && changes.front().sequence > sequence() + 1) return false;
  Publish(changes);
  return true;
}

void ChangeFeed::Tell(std::span<const LoggedChange> changes) {
  MutexLock lock(telling_);
  Publish(changes);
}

void ChangeFeed::Publish(std::span<const LoggedChange> changes) {
  for (const auto& [number, change] : changes) {
    if (number <= sequence()) continue;  // Another thread was quicker.
    sequence_.store(number, std::memory_order_release);
    watchers_.Publish(EventOf(number, change));
  }
}

void ChangeFeed::StartOver(uint64_t told, uint64_t last) {
  MutexLock lock(telling_);
  if (sequence() != told) return;
  sequence_.store(last, std::memory_order_release);
  watchers_.Publish(HeartbeatOf(last));
}

std::shared_ptr<EventStream<v1::WatchEvent>> ChangeFeed::Watch(asio::any_io_executor executor) {
  MutexLock lock(telling_);
  return watchers_.Subscribe(std::move(executor), {HeartbeatOf(sequence())});
}

void ChangeFeed::Heartbeat() {
  MutexLock lock(telling_);
  watchers_.Publish(HeartbeatOf(sequence()));
}

asio::awaitable<void> ChangeFeed::RunHeartbeats(Timers& timers, Duration period) {
  co_await asio::this_coro::throw_if_cancelled(false);
  for (;;) {
    Heartbeat();
    co_await SleepFor(timers, period);
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;
  }
}

void ChangeFeed::Close() { watchers_.Close(); }

}  // namespace weir::identity
