#pragma once

#include <map>
#include <string>

#include "common/async/mutex.h"
#include "services/cache/recording_store.h"

namespace weir::cache {

// Keeps everything in this process and loses it with it. For tests.
class MemoryRecordings final : public RecordingStore {
 public:
  // `clock` outlives it.
  explicit MemoryRecordings(const Clock& clock) : clock_(clock) {}

  void Put(v1::StoredAnswer answer) override;
  void Forget(const std::string& organization, const std::string& id) override;
  asio::awaitable<absl::Status> Load(Sink sink) override;
  asio::awaitable<absl::Status> Flush() override;

 private:
  const Clock& clock_;
  Mutex mutex_;
  std::map<std::string, v1::StoredAnswer> answers_ ABSL_GUARDED_BY(mutex_);
};

// Keeps nothing: answers live in the engine alone.
class NoRecordings final : public RecordingStore {
 public:
  void Put(v1::StoredAnswer) override {}
  void Forget(const std::string&, const std::string&) override {}
  asio::awaitable<absl::Status> Load(Sink) override { co_return absl::OkStatus(); }
  asio::awaitable<absl::Status> Flush() override { co_return absl::OkStatus(); }
};

}  // namespace weir::cache
