#include "common/routing/table_history.h"

#include <utility>

namespace weir::routing {

void TableHistory::Add(std::shared_ptr<const CompiledTable> table) {
  // Dropped after the lock: taking a table apart may take long.
  std::shared_ptr<const CompiledTable> dropped;
  MutexLock lock(mutex_);
  if (!tables_.empty() && tables_.front()->version() == table->version()) {
    dropped = std::exchange(tables_.front(), std::move(table));
    return;
  }
  tables_.push_front(std::move(table));
  if (tables_.size() <= capacity_) return;
  dropped = std::move(tables_.back());
  tables_.pop_back();
}

std::shared_ptr<const CompiledTable> TableHistory::Newest() const { return At(0); }

std::shared_ptr<const CompiledTable> TableHistory::At(uint64_t version) const {
  MutexLock lock(mutex_);
  if (tables_.empty()) return nullptr;
  for (const auto& each : tables_) {
    if (each->version() == version) return each;
  }
  return tables_.front();
}

}  // namespace weir::routing
