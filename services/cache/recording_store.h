#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/async/asio.h"
#include "common/status/status.h"
#include "common/time/clock.h"
#include "weir/cache/v1/stored.pb.h"

namespace weir::cache {

// Told of what other replicas keep and forget. On the store's thread; must not block.
class RecordingListener {
 public:
  virtual ~RecordingListener() = default;
  virtual void OnPut(v1::StoredAnswer answer) = 0;
  virtual void OnForget(const std::string& organization, const std::string& id) = 0;
  // What was put and forgotten may have been missed: whatever `is_kept` does not know is gone.
  virtual void OnGap(const std::function<bool(const std::string& id)>& is_kept) = 0;
};

// Where answers outlive this process's memory, sealed. They may be lost, and are never wrong.
//
// Put and Forget never wait: they are done in their order, soon; where too many wait (kMaxWaiting)
// the newest are dropped, which `weir_cache_store_dropped_total` counts. Thread-safe.
class RecordingStore {
 public:
  static constexpr size_t kMaxWaiting = 4096;
  static constexpr size_t kMaxWaitingBytes = 64 << 20;

  virtual ~RecordingStore() = default;

  // Takes the place of what has its id, if that has no higher version.
  virtual void Put(v1::StoredAnswer answer) = 0;
  virtual void Forget(const std::string& organization, const std::string& id) = 0;

  // Hands all that is kept, and not over yet, to `sink`. What cannot be opened is left out: one key
  // lost loses no more than what it sealed. kUnavailable: it cannot be asked.
  using Sink = std::function<void(v1::StoredAnswer)>;
  virtual asio::awaitable<absl::Status> Load(Sink sink) = 0;
  // What waits to be written with others waits no longer; returns at once. Now and then.
  virtual void WriteSoon() {}
  // Returns when what was put and forgotten before is done, or was given up.
  virtual asio::awaitable<absl::Status> Flush() = 0;

  // Tells `listener`, which outlives the store, of what others do; null: nobody. Nothing where
  // there are no others. Before anything else.
  virtual void Listen(RecordingListener*) {}
};

// Who among the replicas leads a flight (flights.h). Thread-safe.
class Leases {
 public:
  virtual ~Leases() = default;
  // Takes it for `lease_id`, for `time`, if nobody has it. False: somebody has. kUnavailable: it
  // cannot be told.
  virtual asio::awaitable<absl::StatusOr<bool>> Take(std::string flight, std::string lease_id,
                                                     Duration time) = 0;
  // False: it is somebody else's, or nobody's.
  virtual asio::awaitable<absl::StatusOr<bool>> Renew(std::string flight, std::string lease_id,
                                                      Duration time) = 0;
  // Gives it up, if it is of `lease_id`: soon, after what was put before.
  virtual void Drop(std::string flight, std::string lease_id) = 0;
};

// What an answer is sealed for: it opens for no other organisation.
std::string SealContext(std::string_view organization);

}  // namespace weir::cache
