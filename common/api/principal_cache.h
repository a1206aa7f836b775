#pragma once

#include <array>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/api/lru.h"
#include "common/status/status.h"
#include "common/time/clock.h"
#include "weir/identity/v1/identity.pb.h"

namespace weir::api {

namespace identity_pb = ::weir::identity::v1;

using PrincipalPtr = std::shared_ptr<const identity_pb::Principal>;

// What a credential is filed under: the first half of its HMAC under a key that only this process
// has.
using CredentialId = std::array<uint8_t, 16>;
struct CredentialIdHash {
  // The bits of an HMAC are as good as any hash of them.
  size_t operator()(const CredentialId& id) const {
    size_t hash;
    std::memcpy(&hash, id.data(), sizeof(hash));
    return hash;
  }
};

// Answers of identity, and what its events say about them. An answer is fresh, stale (in doubt: to
// be asked again) or gone. Nothing here waits or asks; CachingIdentity does. Not thread-safe.
class PrincipalCache {
 public:
  struct Options {
    size_t max_principals = 10'000;
    size_t max_refusals = 1'000;
    // How long a refusal is given again without asking.
    Duration refusal_ttl = std::chrono::seconds(5);
    // How long a principal goes on while identity cannot be asked, from when it came into doubt.
    Duration identity_grace = std::chrono::seconds(60);
    // Without an event for so long everything is stale; identity sends one each 250 ms.
    Duration silence = std::chrono::seconds(1);
    // While identity cannot be asked, how long it is not asked again for a credential that goes on.
    Duration retry_pause = std::chrono::milliseconds(250);
  };

  // One principal as it was answered.
  struct Entry {
    PrincipalPtr principal;
    // How far the events had come when it was read.
    uint64_t sequence = 0;
    MonotonicTime verified_at;
    WallTime expires_at = WallTime::max();
    // When a gap in the events put it in doubt.
    std::optional<MonotonicTime> stale_since;
    // Identity could not be asked; not before this again.
    MonotonicTime ask_again_at = MonotonicTime::min();
  };

  // `clock` must outlive this object.
  PrincipalCache(Options options, const Clock& clock);

  // Known and fresh; else null. Allocates nothing.
  const Entry* FindFresh(const CredentialId& id);
  // Known, fresh or stale, and still within the grace; else null.
  Entry* FindUsable(const CredentialId& id);
  // The refusal that stands for the credential; OK where none does.
  absl::Status FindRefusal(const CredentialId& id);

  // Whether an event that has been applied says something newer than the answer: ask again.
  bool IsSuperseded(const identity_pb::AuthenticateResponse& answer) const;
  // The same for a refusal, which any change may have lifted.
  bool IsRefusalSuperseded(uint64_t sequence) const;

  const Entry& StorePrincipal(const CredentialId& id, identity_pb::AuthenticateResponse answer);
  void StoreRefusal(const CredentialId& id, absl::Status refusal);
  // Identity could not be asked about this one.
  void PostponeAsking(const CredentialId& id);

  // An event of Watch, in order. A gap makes stale whatever was read before it.
  void Apply(const identity_pb::WatchEvent& event);

  // Number of the last event; 0 before the first.
  uint64_t sequence() const { return last_sequence_.value_or(0); }
  size_t size() const { return principals_.size(); }

 private:
  // What one event said, kept to judge answers that were on their way when it came.
  struct Recent {
    uint64_t sequence;
    bool is_key;
    std::string name;
  };
  static constexpr size_t kMostRecent = 256;

  bool EventsFlow() const;
  bool HasExpired(const Entry& entry) const;
  void Doubt(Entry& entry, MonotonicTime now) const;
  void ApplyGap(uint64_t sequence);
  void ApplyChange(const identity_pb::WatchEvent& event);
  void DropKey(const std::string& public_id);
  void DropOrganization(const std::string& organization);
  void Remember(Recent change);

  const Options options_;
  const Clock& clock_;
  Lru<CredentialId, Entry, CredentialIdHash> principals_;
  std::unordered_map<std::string, CredentialId> by_public_id_;
  struct Refused {
    absl::Status status;
    MonotonicTime until;
  };
  Lru<CredentialId, Refused, CredentialIdHash> refusals_;

  std::optional<uint64_t> last_sequence_;
  MonotonicTime last_event_;
  // All changes with a number above `recent_after_` are in `recent_`.
  std::deque<Recent> recent_;
  uint64_t recent_after_ = 0;
};

}  // namespace weir::api
