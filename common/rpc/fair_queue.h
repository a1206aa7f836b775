#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>

namespace weir::rpc {

// What waits, in a line for each tenant; the lines take turns, so that one with many does not keep
// out one with few. Not thread-safe.
template <typename Value>
class FairQueue {
 public:
  void Push(const std::string& tenant, Value value) {
    std::deque<Value>& line = lines_[tenant];
    if (line.empty()) turns_.push_back(tenant);
    line.push_back(std::move(value));
    ++size_;
  }

  // The next one. Not on an empty queue.
  Value Pop() {
    const std::string tenant = std::move(turns_.front());
    turns_.pop_front();
    const auto found = lines_.find(tenant);
    Value value = std::move(found->second.front());
    found->second.pop_front();
    --size_;
    if (found->second.empty()) {
      lines_.erase(found);
    } else {
      turns_.push_back(tenant);
    }
    return value;
  }

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

 private:
  std::map<std::string, std::deque<Value>> lines_;  // None is empty.
  std::deque<std::string> turns_;                   // Each tenant of `lines_` once.
  size_t size_ = 0;
};

}  // namespace weir::rpc
