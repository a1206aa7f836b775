#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "services/cache/static_embedder.h"

namespace weir::cache {

// The folder of the table that weir comes with; empty where CTest did not say where the sources
// are.
inline std::string ModelFolder() {
  const char* const sources = std::getenv("WEIR_SOURCE_DIR");
  return sources == nullptr ? "" : std::string(sources) + "/services/cache/model";
}

// Tests of the table itself: skipped without it, loaded once.
class ModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (ModelFolder().empty()) GTEST_SKIP() << "CTest names the folder of the sources";
    static const auto kLoaded = StaticEmbedder::Load(ModelFolder());
    ASSERT_TRUE(kLoaded.ok()) << kLoaded.status().ToString();
    embedder_ = kLoaded->get();
  }

  const StaticEmbedder* embedder_ = nullptr;
};

}  // namespace weir::cache
