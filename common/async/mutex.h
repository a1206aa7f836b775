#pragma once

#include <absl/base/thread_annotations.h>

#include <mutex>

// std::mutex under Clang's thread-safety annotations (absl::Mutex is invisible to TSan in Debian's
// build). Never held across a co_await. Fields say ABSL_GUARDED_BY(mutex_).
namespace weir {

class ABSL_LOCKABLE Mutex {
 public:
  // Lower case, so that std::condition_variable_any can wait on it: `while (!ready_)
  // wake_.wait(mutex_);`
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace weir
