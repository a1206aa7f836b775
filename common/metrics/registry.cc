#include "common/metrics/registry.h"

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "common/text/ascii.h"

namespace weir::metrics {
namespace {

// Metrics are made at start: whoever wrote the line that is wrong sees it at the first run.
[[noreturn]] void EndProgram(std::string_view name, std::string_view text) {
  fmt::print(stderr, "metric '{}' {}\n", name, text);
  std::abort();
}

// [a-z_][a-z0-9_]*, as metrics and labels both may be.
bool IsName(std::string_view name) {
  return !name.empty() && !text::IsDigit(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return text::IsLower(c) || text::IsDigit(c) || c == '_'; });
}

std::vector<std::string> NamesOf(Labels labels) {
  std::vector<std::string> names;
  for (const auto& [name, value] : labels) names.emplace_back(name);
  return names;
}

template <typename Metric>
Metric& With(Family<Metric>& family, Labels labels) {
  std::vector<std::string_view> values;
  for (const auto& [name, value] : labels) values.push_back(value);
  return family.With(values);
}

// Written in code, so there are only so many.
constexpr size_t kNoBound = std::numeric_limits<size_t>::max();

}  // namespace

Registry::Registry() = default;
Registry::~Registry() = default;

template <typename Metric>
Family<Metric>& Registry::Add(std::string_view name, std::string_view help,
                              prometheus::MetricType type, std::vector<std::string> label_names,
                              size_t max_series, typename Family<Metric>::Make make) {
  if (!IsName(name) || !std::all_of(label_names.begin(), label_names.end(), IsName)) {
    EndProgram(name, "or a label of it has a name with other characters than a-z, 0-9 and _");
  }
  MutexLock lock(mutex_);
  std::unique_ptr<internal::AnyFamily>& family = families_[std::string(name)];
  if (family == nullptr) {
    family = std::make_unique<Family<Metric>>(std::string(name), std::string(help), type,
                                              std::move(label_names), max_series, std::move(make));
  } else if (!family->IsLike(type, label_names)) {
    EndProgram(name, "was made before with another type or other labels");
  }
  return static_cast<Family<Metric>&>(*family);
}

CounterFamily& Registry::NewCounterFamily(std::string_view name, std::string_view help,
                                          std::vector<std::string> label_names, size_t max_series) {
  return Add<Counter>(name, help, prometheus::MetricType::Counter, std::move(label_names),
                      max_series, [] { return std::make_unique<Counter>(); });
}

GaugeFamily& Registry::NewGaugeFamily(std::string_view name, std::string_view help,
                                      std::vector<std::string> label_names, size_t max_series) {
  return Add<Gauge>(name, help, prometheus::MetricType::Gauge, std::move(label_names), max_series,
                    [] { return std::make_unique<Gauge>(); });
}

HistogramFamily& Registry::NewHistogramFamily(std::string_view name, std::string_view help,
                                              std::vector<double> bounds,
                                              std::vector<std::string> label_names,
                                              size_t max_series) {
  if (!std::is_sorted(bounds.begin(), bounds.end()))
    EndProgram(name, "has buckets that do not rise");
  return Add<Histogram>(
      name, help, prometheus::MetricType::Histogram, std::move(label_names), max_series,
      [bounds = std::move(bounds)] { return std::make_unique<Histogram>(bounds); });
}

Counter& Registry::NewCounter(std::string_view name, std::string_view help, Labels labels) {
  return With(NewCounterFamily(name, help, NamesOf(labels), kNoBound), labels);
}

Gauge& Registry::NewGauge(std::string_view name, std::string_view help, Labels labels) {
  return With(NewGaugeFamily(name, help, NamesOf(labels), kNoBound), labels);
}

Histogram& Registry::NewHistogram(std::string_view name, std::string_view help,
                                  std::vector<double> bounds, Labels labels) {
  return With(NewHistogramFamily(name, help, std::move(bounds), NamesOf(labels), kNoBound), labels);
}

void Registry::BeforeScrape(std::function<void()> refresh) {
  MutexLock lock(mutex_);
  refreshers_.push_back(std::move(refresh));
}

std::vector<prometheus::MetricFamily> Registry::Collect() const {
  MutexLock lock(mutex_);
  for (const std::function<void()>& each : refreshers_) each();
  std::vector<prometheus::MetricFamily> collected;
  for (const auto& [name, family] : families_) {
    prometheus::MetricFamily each = family->Collect();
    // A family without a series yet would be a lone HELP.
    if (!each.metric.empty()) collected.push_back(std::move(each));
  }
  return collected;
}

std::string Registry::Render() const { return prometheus::TextSerializer().Serialize(Collect()); }

}  // namespace weir::metrics
