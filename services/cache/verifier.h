#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "common/status/status.h"
#include "services/cache/pair_features.h"

namespace weir::cache {

// Boosted trees that look at a question and the entry which would answer it. It may only refuse: a
// good score alone serves nothing, the cosine decides among those that pass.
//
// Immutable after Parse, hence shared freely between threads.
class Verifier {
 public:
  // Reads verifier.json. kInvalidArgument names the field: another version, features in another
  // order than kFeatureNames, a tree whose nodes do not lead downwards to a leaf.
  static absl::StatusOr<Verifier> Parse(std::string_view json);

  // The sum of one leaf of each tree; more is more alike.
  double Score(const PairFeatures& features) const;

  // The gate: the score is below `min_score`.
  bool Refuses(const PairFeatures& features) const { return Score(features) < min_score_; }

  double min_score() const { return min_score_; }
  // What the alignments are weighed with (alignment.h).
  double median_norm() const { return median_norm_; }

  // The cosine from which a candidate that passed the gate may answer, where at most `share` of all
  // requests may get a wrong answer: that of the largest listed level up to `share`. Nothing below
  // the least level.
  std::optional<double> MinCosine(double share) const;

 private:
  friend class VerifierReader;

  // A leaf has no feature, and its value as threshold.
  struct Node {
    double threshold = 0;
    int16_t feature = -1;
    uint16_t left = 0, right = 0;  // Counted from the root.
  };

  double LeafOf(size_t root, const PairFeatures& features) const;

  std::vector<Node> nodes_;  // All trees, one after another.
  std::vector<size_t> roots_;
  std::map<double, double> min_cosines_;  // By share of false hits.
  double min_score_ = 0;
  double median_norm_ = 0;
};

}  // namespace weir::cache
