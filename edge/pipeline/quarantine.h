#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/async/mutex.h"
#include "common/metrics/registry.h"
#include "common/status/status.h"
#include "weir/quota/v1/quota.pb.h"

namespace weir::edge {

// Settlements that quota refuses for good: kept for an operator in DIRECTORY/refused.jsonl, a line
// of JSON each with the reason, so that they neither block what comes behind them nor vanish.
// Thread-safe.
class Quarantine {
 public:
  static constexpr uint64_t kMaxBytes = 16 << 20;

  // `directory` exists. `registry` must outlive this object.
  Quarantine(std::string directory, metrics::Registry& registry, uint64_t max_bytes = kMaxBytes);

  // Logs it in any case. A file that is full, or cannot be written, takes no more.
  void Put(const quota::v1::SettleRequest& settlement, std::string_view reason);

 private:
  absl::Status Append(std::string_view line) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string path_;
  const uint64_t max_bytes_;
  metrics::Counter& refused_;
  Mutex mutex_;
};

}  // namespace weir::edge
