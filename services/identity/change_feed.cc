#include "services/identity/change_feed.h"

#include <boost/asio/cancellation_state.hpp>

namespace weir::identity {
namespace {

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
  std::vector<std::pair<uint64_t, Change>> logged;
  WEIR_RETURN_IF_ERROR(deps_.directory.Write([&](DirectoryWriter& writer) -> absl::Status {
    std::vector<Change> changes;
    WEIR_RETURN_IF_ERROR(work(writer, changes));
    for (const Change& each : changes) {
      WEIR_ASSIGN_OR_RETURN(const uint64_t sequence, writer.Log(each, deps_.clock.Now()));
      logged.emplace_back(sequence, each);
    }
    return absl::OkStatus();
  }));
  Publish(logged);
  return absl::OkStatus();
}

void ChangeFeed::Publish(const std::vector<std::pair<uint64_t, Change>>& changes) {
  MutexLock lock(telling_);
  for (const auto& [sequence, change] : changes) {
    sequence_.store(sequence, std::memory_order_release);
    watchers_.Publish(EventOf(sequence, change));
  }
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
