#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace weir::cache {

// A file of services/cache/model, whole.
inline std::string ModelFile(std::string_view name) {
  const char* source = std::getenv("WEIR_SOURCE_DIR");
  const std::string path =
      std::string(source ? source : ".") + "/services/cache/model/" + std::string(name);
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace weir::cache
