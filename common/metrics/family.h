#pragma once

#include <prometheus/metric_family.h>

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/mutex.h"
#include "common/metrics/instruments.h"

namespace weir::metrics {

// How many different sets of label values one family keeps, unless it says otherwise.
inline constexpr size_t kMaxSeries = 200;
// A longer label value is cut.
inline constexpr size_t kMaxLabelBytes = 128;
// Every label of the set that counts for all sets beyond the bound.
inline constexpr std::string_view kOther = "other";

namespace internal {

using LabelValues = std::vector<std::string>;

// Compares label values whether they own their text or not, so that a look-up allocates nothing.
struct LessLabels {
  using is_transparent = void;
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const {
    return std::lexicographical_compare(
        a.begin(), a.end(), b.begin(), b.end(),
        [](std::string_view x, std::string_view y) { return x < y; });
  }
};

// Bounded, valid UTF-8, without control characters, whatever came from outside.
std::string CleanLabel(std::string_view value);

class AnyFamily {
 public:
  AnyFamily(std::string name, std::string help, prometheus::MetricType type,
            std::vector<std::string> label_names);
  virtual ~AnyFamily() = default;
  AnyFamily(const AnyFamily&) = delete;
  AnyFamily& operator=(const AnyFamily&) = delete;

  prometheus::MetricFamily Collect() const;
  bool IsLike(prometheus::MetricType type, const std::vector<std::string>& label_names) const {
    return type == type_ && label_names == label_names_;
  }

 protected:
  size_t label_count() const { return label_names_.size(); }
  // A metric with its labels, and no value yet.
  prometheus::ClientMetric Labelled(const LabelValues& values) const;

 private:
  virtual void CollectSeries(std::vector<prometheus::ClientMetric>& series) const = 0;

  const std::string name_, help_;
  const prometheus::MetricType type_;
  const std::vector<std::string> label_names_;
};

}  // namespace internal

// One metric for each set of label values, of which there may not be more than a bound: what
// callers from outside put into a label does not grow our memory, nor the operator's bill.
// Thread-safe.
template <typename Metric>
class Family final : public internal::AnyFamily {
 public:
  using Make = std::function<std::unique_ptr<Metric>()>;

  Family(std::string name, std::string help, prometheus::MetricType type,
         std::vector<std::string> label_names, size_t max_series, Make make)
      : AnyFamily(std::move(name), std::move(help), type, std::move(label_names)),
        max_series_(max_series),
        make_(std::move(make)) {}

  // The metric of these values, one for each label name in their order; made when it is new. Past
  // the bound: the one whose labels are all "other". The reference holds as long as the registry;
  // the look-up takes a lock, so hot paths keep it.
  Metric& With(std::initializer_list<std::string_view> values) {
    return With(std::span(values.begin(), values.size()));
  }
  Metric& With(std::span<const std::string_view> values) {
    MutexLock lock(mutex_);
    if (const auto found = series_.find(values); found != series_.end()) return *found->second;
    internal::LabelValues clean;
    for (std::string_view each : values) clean.push_back(internal::CleanLabel(each));
    clean.resize(label_count());
    const bool full = series_.size() >= max_series_ && !series_.contains(clean);
    if (full) clean.assign(label_count(), std::string(kOther));
    std::unique_ptr<Metric>& metric = series_[std::move(clean)];
    if (metric == nullptr) metric = make_();
    return *metric;
  }

 private:
  void CollectSeries(std::vector<prometheus::ClientMetric>& series) const override {
    MutexLock lock(mutex_);
    for (const auto& [values, metric] : series_) {
      metric->CollectInto(series.emplace_back(Labelled(values)));
    }
  }

  const size_t max_series_;
  const Make make_;
  mutable Mutex mutex_;
  std::map<internal::LabelValues, std::unique_ptr<Metric>, internal::LessLabels> series_
      ABSL_GUARDED_BY(mutex_);
};

using CounterFamily = Family<Counter>;
using GaugeFamily = Family<Gauge>;
using HistogramFamily = Family<Histogram>;

}  // namespace weir::metrics
