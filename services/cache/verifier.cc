#include "services/cache/verifier.h"

#include <iterator>

namespace weir::cache {

double Verifier::LeafOf(size_t root, const PairFeatures& features) const {
  size_t at = root;
  while (nodes_[at].feature >= 0) {
    const Node& node = nodes_[at];
    const double value = features[static_cast<size_t>(node.feature)];
    at = root + (value <= node.threshold ? node.left : node.right);
  }
  return nodes_[at].threshold;
}

double Verifier::Score(const PairFeatures& features) const {
  double score = 0;
  for (const size_t root : roots_) score += LeafOf(root, features);
  return score;
}

std::optional<double> Verifier::MinCosine(double share) const {
  const auto above = min_cosines_.upper_bound(share);
  if (above == min_cosines_.begin()) return std::nullopt;
  return std::prev(above)->second;
}

}  // namespace weir::cache
