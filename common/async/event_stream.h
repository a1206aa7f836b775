#pragma once

#include <absl/cleanup/cleanup.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "common/async/asio.h"
#include "common/async/mutex.h"
#include "common/status/status.h"

namespace weir {

// What a Watch returns: events in order, read by one coroutine on one loop.
template <typename Event>
class EventStream {
 public:
  virtual ~EventStream() = default;
  // The next event; one call at a time. kUnavailable: the stream is over (the source went away, or
  // the reader fell behind); watch again. A cancelled reader sees it when the next event comes.
  virtual asio::awaitable<absl::StatusOr<Event>> Next() = 0;
  // Over from now on, once what it holds is read: for a reader that gives up on its source, from
  // any thread.
  virtual void End() = 0;
};

// A bounded stream that any thread offers to and one coroutine, running on `executor`, reads. Made
// by std::make_shared; the reader keeps it alive while it waits.
template <typename Event>
class BufferedStream final : public EventStream<Event>,
                             public std::enable_shared_from_this<BufferedStream<Event>> {
 public:
  // At most `capacity` events wait to be read.
  BufferedStream(asio::any_io_executor executor, size_t capacity)
      : executor_(std::move(executor)), capacity_(capacity) {}

  // False where the stream is over or full; a full stream is over from then on, once what it holds
  // is read.
  bool Offer(Event event) {
    MutexLock lock(mutex_);
    if (ended_) return false;
    ended_ = events_.size() >= capacity_;
    if (!ended_) events_.push_back(std::move(event));
    WakeReader();
    return !ended_;
  }
  void End() override {
    MutexLock lock(mutex_);
    ended_ = true;
    WakeReader();
  }

  asio::awaitable<absl::StatusOr<Event>> Next() override {
    auto self = this->shared_from_this();
    // A reader that is let go of with its loop must not be woken any more: the loop is gone.
    const absl::Cleanup unpark = [this] {
      MutexLock lock(mutex_);
      reader_ = nullptr;
    };
    for (;;) {
      std::shared_ptr<Parked> parked;
      {
        MutexLock lock(mutex_);
        if (!events_.empty()) {
          Event event = std::move(events_.front());
          events_.pop_front();
          co_return event;
        }
        if (ended_) co_return status::Unavailable("the event stream is over");
        parked = reader_ = std::make_shared<Parked>(executor_);
      }
      // Woken by an event alone: a cancelled coroutine sees it when the next one comes.
      co_await parked->wake.async_wait(
          asio::bind_cancellation_slot(asio::cancellation_slot(), kTuple));
    }
  }

 private:
  // The loop owns the coroutine while it waits, by its timer: owned by the stream, which the
  // coroutine owns, neither would ever go.
  struct Parked {
    explicit Parked(asio::any_io_executor executor)
        : wake(std::move(executor), asio::steady_timer::time_point::max()) {}
    asio::steady_timer wake;
  };

  void WakeReader() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (reader_ == nullptr) return;
    asio::post(executor_, [parked = std::exchange(reader_, nullptr)] {
      parked->wake.expires_at(asio::steady_timer::time_point::min());
    });
  }

  const asio::any_io_executor executor_;
  const size_t capacity_;
  Mutex mutex_;
  std::deque<Event> events_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<Parked> reader_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

// Sends every event to all streams. Thread-safe; a reader that lags by more than `capacity` events
// loses its stream, never blocks the rest. Streams belong to their readers, and are not ended with
// it: Close it first, while the readers' loops are there.
template <typename Event>
class Broadcaster {
 public:
  explicit Broadcaster(size_t capacity = 1024) : capacity_(capacity) {}

  // A stream that is read on `executor`, beginning with `first` and then whatever is published from
  // now on.
  std::shared_ptr<EventStream<Event>> Subscribe(asio::any_io_executor executor,
                                                std::vector<Event> first = {}) {
    auto stream =
        std::make_shared<BufferedStream<Event>>(std::move(executor), capacity_ + first.size());
    for (Event& each : first) stream->Offer(std::move(each));
    MutexLock lock(mutex_);
    streams_.push_back(stream);
    return stream;
  }

  void Publish(const Event& event) {
    MutexLock lock(mutex_);
    std::erase_if(streams_, [&](const std::weak_ptr<BufferedStream<Event>>& each) {
      auto stream = each.lock();
      return stream == nullptr || !stream->Offer(event);
    });
  }

  // Ends all streams.
  void Close() {
    MutexLock lock(mutex_);
    for (auto& each : streams_) {
      if (auto stream = each.lock()) stream->End();
    }
    streams_.clear();
  }

 private:
  const size_t capacity_;
  Mutex mutex_;
  std::vector<std::weak_ptr<BufferedStream<Event>>> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace weir
