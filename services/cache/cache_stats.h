#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/async/mutex.h"
#include "common/metrics/registry.h"

namespace weir::cache {

// What came of the cache since this process began, by organisation and for the metrics.
// Thread-safe.
class CacheStats {
 public:
  // Null: for no metrics.
  explicit CacheStats(metrics::Registry* metrics);

  // An answer was served; `saved`: tokens that it did not cost.
  void Hit(const std::string& organization, bool exact, int64_t saved);
  void Miss(const std::string& organization);
  // Why an entry that was near enough was not used: one of the reasons of the API.
  void Refused(const std::string& organization, std::string_view reason);
  // The gate would have refused, and does not decide.
  void GateWatched(const std::string& organization);

  struct Counts {
    int64_t exact_hits = 0;
    int64_t semantic_hits = 0;
    int64_t misses = 0;
    std::map<std::string, int64_t> refused;
    int64_t saved_tokens = 0;
  };
  Counts Of(const std::string& organization) const;

 private:
  static constexpr size_t kMaxOrganizations = 10'000;
  // Null: there are too many of them.
  Counts* Find(const std::string& organization) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  metrics::CounterFamily* hits_ = nullptr;  // All set, or none.
  metrics::Counter* misses_ = nullptr;
  metrics::CounterFamily* refused_ = nullptr;
  metrics::Counter* saved_ = nullptr;
  mutable Mutex mutex_;
  std::map<std::string, Counts> counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace weir::cache
