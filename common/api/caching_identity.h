#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/api/identity.h"
#include "common/api/principal_cache.h"
#include "common/async/timers.h"
#include "common/crypto/hmac.h"
#include "common/ids/random.h"

namespace weir::api {

// Identity, remembered: one for each event loop, used on that loop's thread alone. Must outlive
// whatever runs on the loop.
//
// A principal is handed out as long as the events of Watch flow without a gap and none concerns it.
// In doubt, identity is asked; where it cannot be, whoever was known goes on for the grace (60 s).
// Start Run() on the loop; until its first event everything is asked.
class CachingIdentity final : public Identity {
 public:
  struct Options {
    PrincipalCache::Options cache;
    // How long one question to identity may take.
    Duration ask_timeout = std::chrono::seconds(2);
    // How long a caller that is known waits for the answer before it goes on as known.
    Duration patience = std::chrono::milliseconds(200);
    // Questions under way at the same time.
    size_t max_asking = 1'000;
    // Between the end of a stream of events and the next.
    Duration watch_pause = std::chrono::milliseconds(100);
  };
  struct Deps {
    Identity& inner;  // All must outlive this object.
    Timers& timers;   // Of the loop.
    Random& random;
  };
  CachingIdentity(Options options, Deps deps);

  // The principal of an API key that is known beyond doubt; null: call Resolve. Waits for nothing
  // and makes nothing; well under 1 us, most of it the HMAC.
  PrincipalPtr FindFresh(std::string_view credential);

  struct Resolved {
    PrincipalPtr principal;
    // How far the events had come when identity answered.
    uint64_t sequence = 0;
    // Identity could not be asked: this is from before.
    bool stale = false;
  };
  // The same, asking where needed; callers with the same key wait for one question.
  // kUnauthenticated: as identity said, at most 5 s ago. kUnavailable, kDeadlineExceeded: it cannot
  // be asked, and the key is not known.
  asio::awaitable<absl::StatusOr<Resolved>> Resolve(CallContext call, std::string credential);

  // Resolve, as an answer of identity.
  asio::awaitable<absl::StatusOr<identity_pb::AuthenticateResponse>> Authenticate(
      CallContext call, identity_pb::AuthenticateRequest request) override;

  // The inner one's.
  std::shared_ptr<EventStream<identity_pb::WatchEvent>> Watch(
      identity_pb::WatchRequest request, asio::any_io_executor executor) override;

  // Follows the events until cancelled (which shows at the next event).
  asio::awaitable<void> Run();

 private:
  struct Asking;
  using AskingPtr = std::shared_ptr<Asking>;
  using Answer = absl::StatusOr<identity_pb::AuthenticateResponse>;

  CredentialId IdOf(std::string_view credential) const;
  // The question about `id` that is under way, or a new one; null where there are too many.
  AskingPtr Ask(const CredentialId& id, std::string credential, asio::any_io_executor executor);
  asio::awaitable<void> RunAsking(AskingPtr asking, std::string credential);
  bool IsSuperseded(const Answer& answer, uint64_t asked_at) const;
  void Settle(Asking& asking, Answer answer, bool superseded);
  asio::awaitable<void> Wait(AskingPtr asking, MonotonicTime until);
  // What to tell a caller whose question ended with `failure`.
  absl::StatusOr<Resolved> AfterFailure(const CredentialId& id, const absl::Status& failure);

  const Options options_;
  const Deps deps_;
  const crypto::Hmac hmac_;
  PrincipalCache cache_;
  std::unordered_map<CredentialId, AskingPtr, CredentialIdHash> asking_;
};

}  // namespace weir::api
