#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "common/status/status.h"

namespace weir::cache {

// How much a stem tells about a text: its inverse document frequency. Immutable, hence shared
// freely between threads.
class StemWeights {
 public:
  // Reads idf.json: an object from stem to weight, where "" stands for every stem that is not
  // listed. kInvalidArgument names the entry that is not a finite number, or the missing "".
  static absl::StatusOr<StemWeights> Parse(std::string_view json);

  double Of(const std::string& stem) const;

  // It is listed: texts have had it more than once.
  bool Knows(const std::string& stem) const { return weights_.contains(stem); }

 private:
  std::unordered_map<std::string, double> weights_;
  double unknown_ = 0;
};

}  // namespace weir::cache
