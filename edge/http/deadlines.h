#pragma once

#include <functional>

#include "common/async/timers.h"

namespace weir::edge {

// Time limits of many connections behind one timer. Setting a limit is a store; only the nearest
// one ever wakes the loop, at most once a second while limits are far away. One per loop, not
// thread-safe.
class Deadlines {
 public:
  // A time limit of one connection: intrusive, off until set, removed by its destructor.
  class Limit {
   public:
    // `expired` runs on the loop, once each time that the limit passes. It must not destroy the
    // Limit. `deadlines` must outlive it.
    Limit(Deadlines& deadlines, std::function<void()> expired);
    ~Limit();
    Limit(const Limit&) = delete;
    Limit& operator=(const Limit&) = delete;

    // Replaces the limit; `wait` counts from now.
    void Set(Duration wait);
    // No limit.
    void Clear() { when_ = MonotonicTime::max(); }
    bool has_expired() const { return expired_once_; }

   private:
    friend class Deadlines;
    Deadlines& deadlines_;
    std::function<void()> on_expired_;
    MonotonicTime when_ = MonotonicTime::max();
    bool expired_once_ = false;
    Limit* next_ = nullptr;
    Limit* previous_ = nullptr;
  };

  explicit Deadlines(Timers& timers) : timers_(timers) {}
  ~Deadlines();

 private:
  void Wake(MonotonicTime now, MonotonicTime when);
  void Sweep();

  Timers& timers_;
  Limit* first_ = nullptr;
  Limit* sweeping_ = nullptr;  // The next one of a running sweep: removed limits step it on.
  MonotonicTime next_sweep_ = MonotonicTime::max();
  Timers::Id timer_ = 0;
};

}  // namespace weir::edge
