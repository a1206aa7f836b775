#include "services/cache/config.h"

#include <fmt/ranges.h>

#include <string_view>
#include <vector>

namespace weir::cache {
namespace {

constexpr int64_t kLeastBytes = 1 << 20;
constexpr int64_t kMostBytes = int64_t{1} << 40;
constexpr int64_t kMostEntries = 100'000'000;

void CheckRange(std::string_view key, int64_t got, int64_t least, int64_t most,
                std::vector<std::string>& faults) {
  if (got >= least && got <= most) return;
  faults.push_back(fmt::format("cache.{} is {}, want {} to {}", key, got, least, most));
}

}  // namespace

absl::Status CacheConfig::ReadSettingsFile() {
  if (settings_file.empty()) return absl::OkStatus();
  const absl::Status read = ReadProviderToml(settings_file, providers);
  if (read.ok()) return read;
  return status::InvalidArgument("cache.settings_file: {}", status::Message(read));
}

void CacheConfig::ChooseStore(bool files, bool redis) {
  if (store != Store::kAuto) return;
  if (providers.vector_db == ProviderSettings::VectorDb::kFaiss) redis = false;
  if (providers.vector_db == ProviderSettings::VectorDb::kRedis) redis = true;
  store = redis ? Store::kRedis : files ? Store::kFile : Store::kMemory;
}

absl::Status CacheConfig::CheckStore(bool files, bool redis) const {
  if (store == Store::kRedis && !redis) {
    return status::InvalidArgument("cache.store is redis, but there is no section redis");
  }
  if (store == Store::kFile && !files) {
    return status::InvalidArgument(
        "cache.store is file, which is of one process, but database.kind is not sqlite");
  }
  return absl::OkStatus();
}

absl::Status CacheConfig::Validate() const {
  std::vector<std::string> faults;
  CheckRange("max_bytes", budget.bytes, kLeastBytes, kMostBytes, faults);
  CheckRange("max_entries", budget.entries, 1, kMostEntries, faults);
  CheckRange("organization_max_bytes", budget.organization_bytes, kLeastBytes, kMostBytes, faults);
  CheckRange("organization_max_entries", budget.organization_entries, 1, kMostEntries, faults);
  CheckRange("graph_from", graph_from, 1000, 10'000'000, faults);
  if (const absl::Status wrong = providers.Validate(); !wrong.ok()) {
    faults.emplace_back(status::Message(wrong));
  }
  if (faults.empty()) return absl::OkStatus();
  return status::InvalidArgument("{}", fmt::join(faults, "; "));
}

void ReadCache(config::Reader& section, CacheConfig& settings) {
  section.Enum(
      "embedder", &settings.embedder,
      {{"builtin", CacheConfig::Embedder::kBuiltIn}, {"hashed", CacheConfig::Embedder::kHashed}});
  section.Enum("store", &settings.store,
               {{"auto", CacheConfig::Store::kAuto},
                {"memory", CacheConfig::Store::kMemory},
                {"file", CacheConfig::Store::kFile},
                {"redis", CacheConfig::Store::kRedis}});
  section.Bytes("max_bytes", &settings.budget.bytes);
  section.Int("max_entries", &settings.budget.entries);
  section.Bytes("organization_max_bytes", &settings.budget.organization_bytes);
  section.Int("organization_max_entries", &settings.budget.organization_entries);
  section.Int("graph_from", &settings.graph_from);
  section.String("settings_file", &settings.settings_file);
  ReadProviderSettings(section, settings.providers);
}

}  // namespace weir::cache
