#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/status/status.h"

namespace weir::cache {

// Rows of bytes, one behind the other; a view, not aligned to anything.
struct Int8Matrix {
  const int8_t* values = nullptr;
  size_t rows = 0;
  size_t columns = 0;
};

// The tensor `name` of a safetensors file: 8 bytes with the length of a JSON header, the header,
// the data. A view into `file`.
//
// kInvalidArgument: the file is not one, anything in it points outside of it, the tensor is not a
// matrix of I8, or there are others besides: a second one (model2vec's `weights`, `mapping`)
// changes what the rows mean.
absl::StatusOr<Int8Matrix> ReadInt8Matrix(std::string_view file, std::string_view name);

}  // namespace weir::cache
