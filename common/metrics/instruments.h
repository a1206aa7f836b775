#pragma once

#include <prometheus/client_metric.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

// What code counts with: plain atomics, a few nanoseconds and no lock, from any thread. Made by a
// Registry or a family and owned by it; who counts on a hot path keeps the reference.
namespace weir::metrics {

// Two counters that share a cache line slow each other down.
inline constexpr size_t kCacheLine = 64;

// Only goes up.
class alignas(kCacheLine) Counter {
 public:
  // `n` is not negative.
  void Add(int64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

  void CollectInto(prometheus::ClientMetric& metric) const;

 private:
  std::atomic<int64_t> value_ = 0;
};

// Goes up and down.
class alignas(kCacheLine) Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Add(double delta) { value_.fetch_add(delta, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

  void CollectInto(prometheus::ClientMetric& metric) const;

 private:
  std::atomic<double> value_ = 0;
};

// Adds one for as long as it lives: requests in flight, also when they end early.
class InFlight {
 public:
  explicit InFlight(Gauge& gauge) : gauge_(gauge) { gauge_.Add(1); }
  ~InFlight() { gauge_.Add(-1); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  Gauge& gauge_;
};

// How values spread over buckets.
class Histogram {
 public:
  // The upper bounds of the buckets, each included in its own, rising; the one up to infinity is
  // added.
  explicit Histogram(std::vector<double> bounds);

  // NaN is left out.
  void Observe(double value);
  int64_t count() const;
  double sum() const { return sum_.load(std::memory_order_relaxed); }

  void CollectInto(prometheus::ClientMetric& metric) const;

 private:
  const std::vector<double> bounds_;
  const std::unique_ptr<std::atomic<int64_t>[]> counts_;  // One more than bounds_; not cumulative.
  std::atomic<double> sum_ = 0;
};

// `first`, twice that, and so on, `count` of them.
std::vector<double> DoublingBuckets(double first, size_t count);

// Seconds from 10 ms to 81.92 s: how long a model takes.
std::vector<double> SecondsBuckets();

}  // namespace weir::metrics
