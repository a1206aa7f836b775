#pragma once

#include <functional>
#include <memory>

#include "common/api/cache.h"

namespace weir::cache {

// How a test asks a cache: the core itself, or the core behind a server and a pipe. The same test
// file is linked with either.
class CacheFace {
 public:
  virtual ~CacheFace() = default;
  virtual api::Cache& cache() = 0;
  // Where the coroutines of the test run.
  virtual asio::io_context& io() = 0;
  virtual const Clock& clock() = 0;
  // Runs them until `done`, for 10 s at most.
  virtual void RunUntil(const std::function<bool()>& done) = 0;
};

// `core` outlives it.
std::unique_ptr<CacheFace> MakeCacheFace(api::Cache& core);

}  // namespace weir::cache
