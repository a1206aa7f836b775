#pragma once

#include <cstdint>
#include <string>

#include "common/config/reader.h"
#include "common/config/secret.h"
#include "common/status/status.h"
#include "common/time/clock.h"

namespace weir::cache {

// Who finds the meaning of questions, and where answers lie, by the names that operators of other
// gateways know. Read once at start.
struct ProviderSettings {
  enum class Embedding { kBuiltIn, kMistral, kOpenAi, kAzureOpenAi };
  Embedding embedding = Embedding::kBuiltIn;
  // Base URL, with or without "/embeddings"; empty: the provider's own. Of Azure the resource's.
  std::string embedding_endpoint;
  std::string embedding_model;      // Of Azure the deployment.
  int64_t embedding_dimension = 0;  // 0: 1024. 32 to 4096.
  config::Secret embedding_api_key;

  enum class VectorDb { kUnset, kFaiss, kRedis, kMilvus };
  VectorDb vector_db = VectorDb::kUnset;
  std::string host;
  int64_t port = 6379;
  std::string database;  // Of Redis: 0 alone.
  std::string username;
  config::Secret password;
  int64_t ttl_s = 3600;  // Of policies that say none: 1 s to 30 d.

  // kInvalidArgument: every key that is wrong, by name; MILVUS, naming what there is instead.
  absl::Status Validate() const;
};

// The keys of the `cache` section that are settings of providers.
void ReadProviderSettings(config::Reader& section, ProviderSettings& settings);

// The same keys of a TOML file, at its top or in the tables [cache], [semantic_cache] or
// [policy_configurations]; what it does not name stays. kNotFound: no such file. kInvalidArgument:
// it is no TOML, or a value is of another type; the message names the key, never a value.
absl::Status ReadProviderToml(const std::string& path, ProviderSettings& settings);

}  // namespace weir::cache
