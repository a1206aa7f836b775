// Any bytes are a safetensors file or a fault, and what a file's matrix spans can be read.
#include <cstdlib>
#include <string_view>

#include "services/cache/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  const auto matrix = weir::cache::ReadInt8Matrix(file, "embeddings");
  if (!matrix.ok()) return 0;
  int64_t sum = 0;
  for (size_t i = 0; i < matrix->rows * matrix->columns; ++i) sum += matrix->values[i];
  if (matrix->rows * matrix->columns > size || sum > int64_t{127} * static_cast<int64_t>(size)) {
    std::abort();
  }
  return 0;
}
