#pragma once

#include <absl/functional/function_ref.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace weir::cache {

// A vector of an index, and how near it is.
struct Neighbour {
  uint32_t row = 0;
  float cosine = 0;
};

// Whether a row may be an answer.
using Accepts = absl::FunctionRef<bool(uint32_t row)>;

// Finds the vectors that are nearest to one. Vectors are of length 1 and of one dimension, a
// multiple of Embedder::kLanes. For one thread at a time.
class Index {
 public:
  virtual ~Index() = default;

  // The `most` nearest of the rows that `accepts`, nearest first; `query` is of length 1. Cosines
  // are those of the vectors as floats.
  virtual std::vector<Neighbour> Search(std::span<const float> query, size_t most,
                                        Accepts accepts) const = 0;
};

}  // namespace weir::cache
