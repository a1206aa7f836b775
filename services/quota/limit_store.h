#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"
#include "weir/quota/v1/quota_admin.pb.h"

namespace weir::quota {

// A limit, and since when its counters count: it is given a new start when it moves to another
// unit, level or subject, or comes back after its removal.
struct StoredLimit {
  v1::Limit limit;
  int64_t counting_since_us = 0;  // Since the Unix epoch.
};

// Where limits last. Every change raises a sequence number, which other replicas follow.
//
// Thread-safe; blocks: not for event loops. kUnavailable: the store cannot be asked, nothing was
// changed.
class LimitStore {
 public:
  virtual ~LimitStore() = default;

  // Creates or replaces the limit of this organisation and name. Durable when it returns. False: it
  // was there as it is, and nothing was changed.
  virtual absl::StatusOr<bool> Put(const StoredLimit& limit) = 0;

  // kNotFound: there is none.
  virtual absl::Status Delete(std::string_view organization, std::string_view name) = 0;

  virtual absl::StatusOr<std::optional<StoredLimit>> Get(std::string_view organization,
                                                         std::string_view name) = 0;

  // At most `max` limits of the organisation by name, those after `after_name`.
  virtual absl::StatusOr<std::vector<StoredLimit>> List(std::string_view organization,
                                                        std::string_view after_name, int max) = 0;

  // Everything, with the sequence number that it belongs to.
  struct Snapshot {
    std::vector<StoredLimit> limits;
    int64_t sequence = 0;
  };
  virtual absl::StatusOr<Snapshot> All() = 0;

  // Number of the last change; 0 before the first.
  virtual absl::StatusOr<int64_t> Sequence() = 0;
};

}  // namespace weir::quota
