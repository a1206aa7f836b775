#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/status/status.h"

namespace weir::cache {

// Two questions, and whether one answer serves both.
struct LabelledPair {
  std::string a, b;
  bool may_share = false;
  std::string source;  // Where it is from and what was edited: "synth:number".
};

// Reads a file of JSON objects, one a line, plain or gzipped: {"a", "b", "label": 0 or 1,
// "source"}. kInvalidArgument names the file and the line.
absl::StatusOr<std::vector<LabelledPair>> ReadLabelledPairs(const std::string& path);

// The 95 % interval of Wilson of a share, in percent.
std::pair<double, double> WilsonPercent(size_t part, size_t whole);

}  // namespace weir::cache
