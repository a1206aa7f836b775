#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace weir::cache {

// What became of requests. Hits by equality are apart: no cut moves them.
struct Played {
  size_t requests = 0;
  size_t exact_right = 0, exact_wrong = 0;
  size_t right = 0, wrong = 0;  // Answered by meaning.
};
// By source.
using PlayedBySource = std::map<std::string, Played>;

}  // namespace weir::cache
