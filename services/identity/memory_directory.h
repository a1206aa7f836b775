#pragma once

#include <memory>

#include "common/async/mutex.h"
#include "services/identity/directory.h"

namespace weir::identity {

// A Directory that ends with the process: for tests and for trying things out. A write copies
// everything, so it is for hundreds of objects, not for many thousands.
class MemoryDirectory final : public Directory {
 public:
  MemoryDirectory();
  ~MemoryDirectory() override;
  absl::Status Read(const std::function<absl::Status(DirectoryReader&)>& work) override;
  absl::Status Write(const std::function<absl::Status(DirectoryWriter&)>& work) override;

 private:
  class State;
  std::shared_ptr<State> Current();

  Mutex writing_;
  Mutex mutex_;
  std::shared_ptr<State> state_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace weir::identity
