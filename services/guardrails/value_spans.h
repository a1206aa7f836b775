#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "services/guardrails/vocabulary.h"

namespace weir::guardrails {

// Where a value stands in a text, in bytes.
struct ValueSpan {
  Kind kind = Entity::kEmail;
  size_t offset = 0;
  size_t length = 0;
  // How much of it a stream knows when it decides (Parts::Value).
  size_t head = 0;
};

// The values of a whole text, in their order; they do not overlap. Linear.
std::vector<ValueSpan> SpansOf(std::string_view text, const Vocabulary& vocabulary);

}  // namespace weir::guardrails
