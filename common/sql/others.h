#pragma once

#include "common/sql/config.h"
#include "common/sql/follower.h"

namespace weir::sql {

// Keeps a process up to what other processes commit in its database: `follow` (blocking) runs on
// the pool each second, and at once when the doorbell rings. Destroy it once nobody runs the loop,
// or on the loop's thread.
class Others {
 public:
  // `what` names it in the log. All must outlive this object.
  Others(const DatabaseConfig& config, std::string what, std::function<absl::Status()> follow,
         Follower::Deps deps)
      : follower_(std::move(what), std::move(follow), std::chrono::seconds(1), deps),
        doorbell_(OpenDoorbell(config, [this](std::string_view) { follower_.Ring(); })) {}

 private:
  Follower follower_;
  std::unique_ptr<Doorbell> doorbell_;
};

}  // namespace weir::sql
