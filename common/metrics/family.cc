#include "common/metrics/family.h"

#include "common/text/excerpt.h"

namespace weir::metrics::internal {

std::string CleanLabel(std::string_view value) { return text::Excerpt(value, kMaxLabelBytes); }

AnyFamily::AnyFamily(std::string name, std::string help, prometheus::MetricType type,
                     std::vector<std::string> label_names)
    : name_(std::move(name)),
      help_(std::move(help)),
      type_(type),
      label_names_(std::move(label_names)) {}

prometheus::MetricFamily AnyFamily::Collect() const {
  prometheus::MetricFamily family{.name = name_, .help = help_, .type = type_, .metric = {}};
  CollectSeries(family.metric);
  return family;
}

prometheus::ClientMetric AnyFamily::Labelled(const LabelValues& values) const {
  prometheus::ClientMetric metric;
  for (size_t i = 0; i < label_names_.size(); ++i) {
    metric.label.push_back({.name = label_names_[i], .value = values[i]});
  }
  return metric;
}

}  // namespace weir::metrics::internal
