#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/async/mutex.h"

namespace weir::routing {

// State that belongs to a name, not to a table: every table that names it holds the same object, so
// that it lives on when a table is replaced, and goes with the last table that knows it.
// Thread-safe.
template <typename State>
class StateRegistry {
 public:
  using Key = std::vector<std::string>;

  // The state of `key`; a new one where no table holds any.
  std::shared_ptr<State> Of(const Key& key) {
    MutexLock lock(mutex_);
    std::weak_ptr<State>& known = states_[key];
    std::shared_ptr<State> state = known.lock();
    if (state == nullptr) {
      state = std::make_shared<State>();
      known = state;
    }
    return state;
  }

  // Forgets the keys that no table holds any more.
  void Prune() {
    MutexLock lock(mutex_);
    std::erase_if(states_, [](const auto& each) { return each.second.expired(); });
  }

  size_t size() const {
    MutexLock lock(mutex_);
    return states_.size();
  }

 private:
  mutable Mutex mutex_;
  std::map<Key, std::weak_ptr<State>> states_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace weir::routing
