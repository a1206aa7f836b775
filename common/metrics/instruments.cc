#include "common/metrics/instruments.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace weir::metrics {

void Counter::CollectInto(prometheus::ClientMetric& metric) const {
  metric.counter.value = static_cast<double>(value());
}

void Gauge::CollectInto(prometheus::ClientMetric& metric) const { metric.gauge.value = value(); }

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(new std::atomic<int64_t>[bounds_.size() + 1]()) {}

void Histogram::Observe(double value) {
  if (std::isnan(value)) return;
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

int64_t Histogram::count() const {
  int64_t count = 0;
  for (size_t i = 0; i <= bounds_.size(); ++i) count += counts_[i].load(std::memory_order_relaxed);
  return count;
}

void Histogram::CollectInto(prometheus::ClientMetric& metric) const {
  uint64_t cumulative = 0;
  for (size_t i = 0; i <= bounds_.size(); ++i) {
    cumulative += static_cast<uint64_t>(counts_[i].load(std::memory_order_relaxed));
    const double bound = i < bounds_.size() ? bounds_[i] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({.cumulative_count = cumulative, .upper_bound = bound});
  }
  // From the same look at the buckets, so that +Inf and the count agree.
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = sum();
}

std::vector<double> DoublingBuckets(double first, size_t count) {
  std::vector<double> bounds;
  for (double bound = first; bounds.size() < count; bound *= 2) bounds.push_back(bound);
  return bounds;
}

std::vector<double> SecondsBuckets() { return DoublingBuckets(0.01, 14); }

}  // namespace weir::metrics
