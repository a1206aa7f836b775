#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/async/mutex.h"
#include "common/metrics/family.h"
#include "common/metrics/instruments.h"

namespace weir::metrics {

// Label names and values that stay the same: {{"direction", "input"}}.
using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// The metrics of one process, and their text for a scrape. Hand it down; metrics live as long as it
// does.
//
//   Counter& requests_ = registry.NewCounter("weir_requests_total", "Requests.");
//   CounterFamily& errors_ = registry.NewCounterFamily("weir_upstream_errors_total",
//                                                      "Attempts that failed.", {"error"});
//
// A name is prefixed weir_, in base units, with the unit's plural and _total behind a counter. To
// ask for the same name, type and label names again gives the same metric. A name that is
// malformed, or means something else already, is a fault of the program and ends it with a message.
// Thread-safe.
class Registry final : public prometheus::Collectable {
 public:
  Registry();
  ~Registry() override;

  Counter& NewCounter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge& NewGauge(std::string_view name, std::string_view help, Labels labels = {});
  Histogram& NewHistogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                          Labels labels = {});

  CounterFamily& NewCounterFamily(std::string_view name, std::string_view help,
                                  std::vector<std::string> label_names,
                                  size_t max_series = kMaxSeries);
  GaugeFamily& NewGaugeFamily(std::string_view name, std::string_view help,
                              std::vector<std::string> label_names, size_t max_series = kMaxSeries);
  HistogramFamily& NewHistogramFamily(std::string_view name, std::string_view help,
                                      std::vector<double> bounds,
                                      std::vector<std::string> label_names,
                                      size_t max_series = kMaxSeries);

  // Runs at each scrape, before anything is collected, on the thread of the scrape: to set gauges
  // of what is there to be asked (a queue's length). Must not call this registry; what it refers to
  // outlives it.
  void BeforeScrape(std::function<void()> refresh);

  // In the order of names.
  std::vector<prometheus::MetricFamily> Collect() const override;
  // The text exposition format.
  std::string Render() const;
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  template <typename Metric>
  Family<Metric>& Add(std::string_view name, std::string_view help, prometheus::MetricType type,
                      std::vector<std::string> label_names, size_t max_series,
                      typename Family<Metric>::Make make);

  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<internal::AnyFamily>, std::less<>> families_
      ABSL_GUARDED_BY(mutex_);
  std::vector<std::function<void()>> refreshers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace weir::metrics
