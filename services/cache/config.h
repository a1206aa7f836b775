#pragma once

#include <cstdint>
#include <string>

#include "common/config/reader.h"
#include "common/status/status.h"
#include "services/cache/provider_settings.h"
#include "services/cache/value_order.h"

namespace weir::cache {

// The `cache` section. Read once at start; does not change while running.
struct CacheConfig {
  enum class Embedder {
    kBuiltIn,  // The table that weir comes with.
    kHashed,   // By spelling alone: texts of languages that the table does not know.
  };
  Embedder embedder = Embedder::kBuiltIn;
  // Where answers outlive the process. kAuto: Redis where one is configured, else a file where the
  // database is files, else nothing.
  enum class Store { kAuto, kMemory, kFile, kRedis };
  Store store = Store::kAuto;
  // Memory and number of answers, of all organisations and of one: 1 MiB to 1 TiB, 1 to 100
  // million.
  Budget budget;
  // Answers of one partition from which on it gets a graph: 1,000 to 10 million.
  int64_t graph_from = 32'768;

  // The same by the names of other gateways, here or in a TOML file.
  ProviderSettings providers;
  std::string settings_file;  // TOML; empty: none. What it names counts before what stands here.

  // Reads settings_file. Once, before the next.
  absl::Status ReadSettingsFile();
  // Of policies that say none.
  Duration default_ttl() const { return std::chrono::seconds(providers.ttl_s); }

  // Settles kAuto. `files`: the database is files; `redis`: there is one. `providers` may ask for
  // Redis, or for FAISS alone.
  void ChooseStore(bool files, bool redis);
  // kInvalidArgument: every key that is out of range, by name.
  absl::Status Validate() const;
  // The same of what the store needs; after ChooseStore.
  absl::Status CheckStore(bool files, bool redis) const;
};

// Reads the `cache` section: form and type; what values may be, Validate says.
void ReadCache(config::Reader& section, CacheConfig& settings);

}  // namespace weir::cache
