#include "services/cache/alignment.h"

#include <algorithm>
#include <vector>

namespace weir::cache {
namespace {

float Cosine(const Piece& x, const Piece& y) {
  int32_t sum = 0;
  for (size_t i = 0; i < x.row.size(); ++i) sum += int32_t{x.row[i]} * int32_t{y.row[i]};
  // A row of zeros is like nothing.
  constexpr float kTiny = 1e-9F;
  return static_cast<float>(sum) / ((x.norm + kTiny) * (y.norm + kTiny));
}

Coverage Summarise(std::span<const Piece> pieces, std::span<const float> best, double median_norm) {
  Coverage coverage{.worst = best[0]};
  double weights = 0, met = 0, missing = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const double weight = pieces[i].norm / median_norm;
    const double missed = weight * (1 - best[i]);
    weights += weight;
    met += weight * best[i];
    missing += missed;
    coverage.worst = std::min(coverage.worst, best[i]);
    coverage.most_missed = i == 0 ? static_cast<float>(missed)
                                  : std::max(coverage.most_missed, static_cast<float>(missed));
  }
  coverage.mean = weights > 0 ? static_cast<float>(met / weights) : 0;
  coverage.missing = static_cast<float>(missing);
  return coverage;
}

}  // namespace

Alignment Align(std::span<const Piece> a, std::span<const Piece> b, float cosine,
                double median_norm) {
  Alignment alignment{.cosine = cosine};
  if (a.empty() || b.empty()) return alignment;
  std::vector<float> best_of_a(a.size(), -2.0F), best_of_b(b.size(), -2.0F);
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < b.size(); ++j) {
      const float near = Cosine(a[i], b[j]);
      best_of_a[i] = std::max(best_of_a[i], near);
      best_of_b[j] = std::max(best_of_b[j], near);
    }
  }
  alignment.a = Summarise(a, best_of_a, median_norm);
  alignment.b = Summarise(b, best_of_b, median_norm);
  return alignment;
}

}  // namespace weir::cache
