#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>

namespace weir::testing {

// A folder of this test alone, removed by nobody: it lies under the test's temporary directory.
inline std::string NewFolder() {
  std::string pattern = ::testing::TempDir() + "weir_test_XXXXXX";
  return mkdtemp(pattern.data()) != nullptr ? pattern : ::testing::TempDir();
}

}  // namespace weir::testing
