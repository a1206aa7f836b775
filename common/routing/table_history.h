#pragma once

#include <cstddef>
#include <deque>
#include <memory>

#include "common/async/mutex.h"
#include "common/routing/compiled_table.h"

namespace weir::routing {

// The last tables by version, so that a request is planned on the table in which its edge matched
// it. Thread-safe.
class TableHistory {
 public:
  // Keeps `capacity` tables, at least 1.
  explicit TableHistory(size_t capacity) : capacity_(capacity) {}

  // `table` is the newest from now on; one of the same version is replaced.
  void Add(std::shared_ptr<const CompiledTable> table);

  // Null until the first Add.
  std::shared_ptr<const CompiledTable> Newest() const;
  // The newest where `version` is 0 or no longer kept.
  std::shared_ptr<const CompiledTable> At(uint64_t version) const;

 private:
  const size_t capacity_;
  mutable Mutex mutex_;
  // Newest first.
  std::deque<std::shared_ptr<const CompiledTable>> tables_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace weir::routing
