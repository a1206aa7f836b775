#pragma once

#include <memory>
#include <string>

#include "common/api/identity.h"
#include "common/async/worker_pool.h"
#include "services/identity/change_feed.h"
#include "services/identity/config.h"
#include "services/identity/directory.h"
#include "services/identity/key.h"

namespace weir::identity {

// Resolves keys to principals, and tells watchers what no longer holds.
//
// Thread-safe; owns no thread. Runs behind gRPC or in the edge's process, unchanged. What is not a
// key by its shape is refused at once; everything else is one look-up on the pool.
class IdentityService final : public api::Identity {
 public:
  struct Deps {
    Directory& directory;  // All must outlive this object.
    ChangeFeed& feed;      // Of the same directory.
    const KeyHasher& hasher;
    WorkerPool& workers;  // Look-ups run here.
    const Clock& clock;
  };
  IdentityService(IdentityConfig config, Deps deps);

  // A refusal carries, beside its AuthFailure, an AuthenticateResponse detail that has only
  // `sequence`: how far the event stream had come when the directory was asked. kUnavailable: the
  // directory failed, or too many look-ups wait. kDeadlineExceeded: begun too late.
  asio::awaitable<absl::StatusOr<v1::AuthenticateResponse>> Authenticate(
      api::CallContext call, v1::AuthenticateRequest request) override;

  // `request.after_sequence` is not needed: the first heartbeat tells whether the watcher missed
  // anything.
  std::shared_ptr<EventStream<v1::WatchEvent>> Watch(v1::WatchRequest request,
                                                     asio::any_io_executor executor) override;

 private:
  const IdentityConfig config_;
  const Deps deps_;
};

}  // namespace weir::identity
