#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <unordered_map>
#include <utility>

namespace weir::api {

// A map of bounded size that forgets what was not used for longest. Not thread-safe.
template <typename Key, typename Value, typename Hash = std::hash<Key>>
class Lru {
 public:
  // `capacity`: at least 1.
  explicit Lru(size_t capacity) : capacity_(capacity) {}

  // The value, now the one used last; null where there is none. Allocates nothing. Valid until the
  // next Put or Erase.
  Value* Find(const Key& key) {
    auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return &found->second->second;
  }

  // Adds or replaces. Returns what had to go for it.
  std::optional<std::pair<Key, Value>> Put(const Key& key, Value value) {
    if (Value* present = Find(key)) {
      *present = std::move(value);
      return std::nullopt;
    }
    order_.emplace_front(key, std::move(value));
    places_.emplace(key, order_.begin());
    if (order_.size() <= capacity_) return std::nullopt;
    std::pair<Key, Value> last = std::move(order_.back());
    places_.erase(last.first);
    order_.pop_back();
    return last;
  }

  void Erase(const Key& key) {
    auto found = places_.find(key);
    if (found == places_.end()) return;
    order_.erase(found->second);
    places_.erase(found);
  }

  // Calls `visit(key, value)`, which may change the value, and drops those for which it returns
  // false.
  template <typename Visit>
  void Retain(Visit visit) {
    for (auto each = order_.begin(); each != order_.end();) {
      if (visit(std::as_const(each->first), each->second)) {
        ++each;
        continue;
      }
      places_.erase(each->first);
      each = order_.erase(each);
    }
  }

  void Clear() {
    places_.clear();
    order_.clear();
  }
  size_t size() const { return order_.size(); }

 private:
  using Order = std::list<std::pair<Key, Value>>;
  const size_t capacity_;
  Order order_;  // The one used last comes first.
  std::unordered_map<Key, typename Order::iterator, Hash> places_;
};

}  // namespace weir::api
