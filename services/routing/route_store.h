#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"
#include "common/time/clock.h"

namespace weir::routing {

enum class ObjectKind : int64_t { kProvider = 1, kModel = 2, kProxy = 3 };

// "provider", "model", "proxy".
inline std::string_view KindName(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kProvider:
      return "provider";
    case ObjectKind::kModel:
      return "model";
    case ObjectKind::kProxy:
      return "proxy";
  }
  return "object";
}

struct ObjectId {
  ObjectKind kind = ObjectKind::kProvider;
  std::string organization;
  std::string name;
  auto operator<=>(const ObjectId&) const = default;
};

// An object as it lies in a store.
struct StoredObject {
  ObjectId id;
  // The admin message in wire format, without its credential.
  std::string document;
  // A provider's credential, sealed: a store never sees it plain. Empty: it has none.
  std::string sealed_credential;
  bool operator==(const StoredObject&) const = default;
};

// Everything as of one moment.
struct StoredObjects {
  // The last change that is in here. 0: there was none yet.
  int64_t sequence = 0;
  // By id.
  std::vector<StoredObject> objects;
};

// Who changes what, and what they had read when they decided it.
struct EditContext {
  // The sequence of the state that the edit was checked against. An edit goes through only while
  // nothing else has changed: so a rule over several objects (one context, one proxy) holds however
  // many processes edit.
  int64_t read_at = 0;
  // Id of the admin token.
  std::string actor;
  WallTime at;
};

// A line of the change log.
struct Change {
  int64_t sequence = 0;
  ObjectId id;
  bool removed = false;
  std::string actor;
  WallTime at;
  bool operator==(const Change&) const = default;
};

// Providers, models and proxies, for good, and the log of their changes: its sequence rises by one
// with each and is written in the same transaction. Thread-safe. Blocks: call it on a WorkerPool,
// never on an event loop.
//
// Every method: kUnavailable where the store cannot be asked.
class RouteStore {
 public:
  // Changes that the log keeps.
  static constexpr int64_t kChangesKept = 10'000;

  virtual ~RouteStore() = default;

  virtual absl::StatusOr<StoredObjects> Load() = 0;

  // The last change. Cheap: what a replica polls.
  virtual absl::StatusOr<int64_t> Sequence() = 0;

  // Creates or replaces; durable when this returns. Returns the change's sequence. kAborted:
  // something has changed since `edit.read_at`: read and check again.
  virtual absl::StatusOr<int64_t> Put(const StoredObject& object, const EditContext& edit) = 0;

  // As Put. kNotFound: there is no such object.
  virtual absl::StatusOr<int64_t> Delete(const ObjectId& id, const EditContext& edit) = 0;

  // The changes after sequence `after`, oldest first, at most `limit`.
  virtual absl::StatusOr<std::vector<Change>> Changes(int64_t after, size_t limit) = 0;
};

}  // namespace weir::routing
