#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "common/time/clock.h"

namespace weir::guardrails {

struct PolicyName {
  std::string organization;
  std::string name;
  auto operator<=>(const PolicyName&) const = default;
};

// A policy as it lies in a store.
struct StoredPolicy {
  PolicyName id;
  // The admin message in wire format.
  std::string document;
  bool operator==(const StoredPolicy&) const = default;
};

// Everything as of one moment.
struct StoredPolicies {
  // The last change that is in here. 0: there was none yet.
  int64_t sequence = 0;
  // By id.
  std::vector<StoredPolicy> policies;
};

// Who changes what, and what they had read when they decided it.
struct EditContext {
  // The sequence of the state that the edit was checked against. An edit goes through only while
  // nothing else has changed: so a bound over the policies of an organisation holds however many
  // processes edit.
  int64_t read_at = 0;
  // Id of the admin token.
  std::string actor;
  WallTime at;
};

// A line of the change log.
struct Change {
  int64_t sequence = 0;
  PolicyName id;
  bool removed = false;
  std::string actor;
  WallTime at;
  bool operator==(const Change&) const = default;
};

// Policies, for good, and the log of their changes: its sequence rises by one with each and is
// written in the same transaction. Thread-safe. Blocks: call it on a WorkerPool, never on an event
// loop.
//
// Every method: kUnavailable where the store cannot be asked.
class PolicyStore {
 public:
  // Changes that the log keeps.
  static constexpr int64_t kChangesKept = 10'000;

  virtual ~PolicyStore() = default;

  virtual absl::StatusOr<StoredPolicies> Load() = 0;

  // The last change. Cheap: what a replica polls.
  virtual absl::StatusOr<int64_t> Sequence() = 0;

  // Creates or replaces; durable when this returns. Returns the change's sequence. kAborted:
  // something has changed since `edit.read_at`: read and check again.
  virtual absl::StatusOr<int64_t> Put(const StoredPolicy& policy, const EditContext& edit) = 0;

  // As Put. kNotFound: there is no such policy.
  virtual absl::StatusOr<int64_t> Delete(const PolicyName& id, const EditContext& edit) = 0;

  // The changes after sequence `after`, oldest first, at most `limit`.
  virtual absl::StatusOr<std::vector<Change>> Changes(int64_t after, size_t limit) = 0;
};

}  // namespace weir::guardrails
