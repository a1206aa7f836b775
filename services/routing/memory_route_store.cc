#include "services/routing/memory_route_store.h"

namespace weir::routing {

absl::StatusOr<StoredObjects> MemoryRouteStore::Load() {
  MutexLock lock(mutex_);
  StoredObjects all{.sequence = sequence_, .objects = {}};
  all.objects.reserve(objects_.size());
  for (const auto& [id, object] : objects_) all.objects.push_back(object);
  return all;
}

absl::StatusOr<int64_t> MemoryRouteStore::Sequence() {
  MutexLock lock(mutex_);
  return sequence_;
}

absl::StatusOr<int64_t> MemoryRouteStore::Put(const StoredObject& object, const EditContext& edit) {
  MutexLock lock(mutex_);
  WEIR_RETURN_IF_ERROR(CheckUnchanged(edit));
  objects_.insert_or_assign(object.id, object);
  return Log(object.id, false, edit);
}

absl::StatusOr<int64_t> MemoryRouteStore::Delete(const ObjectId& id, const EditContext& edit) {
  MutexLock lock(mutex_);
  WEIR_RETURN_IF_ERROR(CheckUnchanged(edit));
  if (objects_.erase(id) == 0) {
    return status::NotFound("{} '{}' of organisation '{}' does not exist", KindName(id.kind),
                            id.name, id.organization);
  }
  return Log(id, true, edit);
}

absl::StatusOr<std::vector<Change>> MemoryRouteStore::Changes(int64_t after, size_t limit) {
  MutexLock lock(mutex_);
  std::vector<Change> found;
  for (const Change& each : changes_) {
    if (found.size() >= limit) break;
    if (each.sequence > after) found.push_back(each);
  }
  return found;
}

absl::Status MemoryRouteStore::CheckUnchanged(const EditContext& edit) const {
  if (edit.read_at == sequence_) return absl::OkStatus();
  return status::Aborted("the routes are at change {}, the edit was made on change {}", sequence_,
                         edit.read_at);
}

int64_t MemoryRouteStore::Log(const ObjectId& id, bool removed, const EditContext& edit) {
  changes_.push_back(
      {.sequence = ++sequence_, .id = id, .removed = removed, .actor = edit.actor, .at = edit.at});
  if (changes_.size() > static_cast<size_t>(kChangesKept)) changes_.pop_front();
  return sequence_;
}

}  // namespace weir::routing
