#pragma once

#include <cstdint>

namespace weir::mock {

// Tokens of one answer, or sums of them.
struct Usage {
  int64_t prompt = 0;
  int64_t completion = 0;

  Usage& operator+=(const Usage& other) {
    prompt += other.prompt;
    completion += other.completion;
    return *this;
  }
};

}  // namespace weir::mock
