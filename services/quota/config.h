#pragma once

#include <cstddef>
#include <cstdint>

#include "common/config/reader.h"
#include "common/status/status.h"
#include "common/time/clock.h"

namespace weir::quota {

// The `quota` section. Read once at start; does not change while running. The defaults run.
struct QuotaConfig {
  // Where the hot state is: in this process, or shared by processes (section `redis`).
  enum class Store : uint8_t {
    kAuto,  // As ChooseStore says; in memory until then.
    kMemory,
    kRedis,
  };
  Store store = Store::kAuto;
  // How much of an adaptive limit this process grants by itself while the store is away: 0 to 1.
  double outage_share = 0.1;
  // How long a hold outlives the last sign of its edge: 30s to 10m. Edges send one every 20 s.
  Duration hold_ttl = std::chrono::seconds(60);
  // How long an attempt is known after its end, so that a repeated call changes nothing: 10m to
  // 24h.
  Duration replay_retention = std::chrono::hours(1);
  // The most attempts that are known after their end, some 80 bytes each; the oldest are forgotten
  // first: 1,000 to 100,000,000.
  int64_t replay_records = 200'000;
  // Settlements that may wait for the ledger; more are refused, and their edges keep them: 1,000 to
  // 10,000,000.
  int64_t ledger_queue = 100'000;
  // Settlements in one transaction: 1 to 10,000.
  int64_t ledger_batch = 1024;
  // How long the first settlement of a batch waits for others: 0 to 1s.
  Duration ledger_linger = std::chrono::milliseconds(25);
  // Models, over all organisations, whose answers' lengths are learned: 1 to 1,000,000.
  int64_t learned_models = 4096;

  // Where it was left open: Redis, if the configuration has one.
  void ChooseStore(bool has_redis) {
    if (store == Store::kAuto) store = has_redis ? Store::kRedis : Store::kMemory;
  }
  // kInvalidArgument naming every key that is out of its range.
  absl::Status Validate() const;
};

// Reads the `quota` section: form and type; what values may be, Validate says.
void ReadQuota(config::Reader& section, QuotaConfig& settings);

}  // namespace weir::quota
