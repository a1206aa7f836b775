#include "apps/standalone/config.h"

#include <filesystem>

#include "common/config/config_errors.h"
#include "common/config/yaml.h"
#include "common/rpc/address.h"
#include "common/rpc/config.h"
#include "common/text/excerpt.h"
#include "edge/config_sections.h"
#include "services/cache/redis_settings.h"
#include "services/quota/redis_hot_state.h"

namespace weir::standalone {
namespace {

using config::ConfigErrors;
using config::Reader;

// Absolute, without "..", through symbolic links as far as it exists, and with a slash at its end.
std::string Resolved(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error) / "";
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(absolute, error) / "";
  return error ? absolute.lexically_normal().string() : resolved.string();
}

bool IsInside(const std::string& inner, const std::string& outer) {
  return Resolved(inner).starts_with(Resolved(outer));
}

void CheckDirectories(const StandaloneConfig& config, ConfigErrors& errors) {
  if (config.data_directory.empty() || config.secrets_directory.empty()) return;  // Said already.
  if (IsInside(config.secrets_directory, config.data_directory)) {
    errors.Add("secrets", fmt::format("is '{}', inside data '{}': a copy of the data would carry "
                                      "the keys that open it",
                                      text::Excerpt(config.secrets_directory, 128),
                                      text::Excerpt(config.data_directory, 128)));
  }
}

void CheckAdminProfile(const StandaloneConfig& config, ConfigErrors& errors) {
  if (config.profile == Profile::kProd) return;
  if (!rpc::CheckAddress(config.admin.address, /*tls=*/false).ok()) {
    errors.Add("admin.address", fmt::format("is '{}', want a loopback address in profile dev",
                                            text::Excerpt(config.admin.address)));
  }
}

// What follows from other keys.
void Derive(StandaloneConfig& config) {
  config.quota.ChooseStore(config.redis.is_set());
  cache::ChooseRedis(config.cache.providers, config.redis);
  config.cache.ChooseStore(config.database.kind == sql::StoreKind::kSqlite, config.redis.is_set());
  config.edge.outbox_directory = config.data_directory + "/outbox";
  config.identity.short_keys = config.profile == Profile::kDev;
  config.routing.allow_plaintext_upstreams |= config.edge.egress_allow_plaintext;
}

void ReadStandalone(Reader& root, const config::Environment& environment,
                    StandaloneConfig& config) {
  process::ReadProfile(root, &config.profile);
  root.String("data", &config.data_directory, {.required = true, .want = "a directory"});
  root.String("secrets", &config.secrets_directory, {.required = true, .want = "a directory"});
  root.String("bootstrap", &config.bootstrap);
  root.Section("log", &config.log, process::ReadLog);
  root.Section("database", &config.database, sql::ReadDatabase);
  root.Section("redis", &config.redis, redis::ReadRedis);
  edge::ReadEdge(root, environment, config.edge);
  root.Section("admin", &config.admin, rpc::ReadAdmin);
  root.Section("identity", &config.identity, identity::ReadIdentity);
  root.Section("quota", &config.quota, quota::ReadQuota);
  root.Section("routing", &config.routing, routing::ReadRouting);
  root.Section("guardrails", &config.guardrails, guardrails::ReadGuardrails);
  root.Section("cache", &config.cache, cache::ReadCache);
  root.Check(config.cache.ReadSettingsFile());
  Derive(config);

  ConfigErrors errors("");
  CheckDirectories(config, errors);
  CheckAdminProfile(config, errors);
  root.Check(errors.ToStatus());
  root.Check(edge::CheckProfile(config.profile == Profile::kDev, config.edge));
  if (config.profile == Profile::kProd) root.Check(rpc::CheckAdmin(config.admin));
  root.Check(config.database.Validate());
  root.Check(config.edge.Validate());
  root.Check(config.identity.Validate());
  root.Check(config.redis.Validate());
  root.Check(config.quota.Validate());
  root.Check(quota::CheckStore(config.quota, config.redis));
  root.Check(config.routing.Validate());
  root.Check(config.guardrails.Validate());
  root.Check(config.cache.Validate());
  root.Check(config.cache.CheckStore(config.database.kind == sql::StoreKind::kSqlite,
                                     config.redis.is_set()));
}

}  // namespace

absl::StatusOr<StandaloneConfig> ParseStandaloneConfig(const config::Input& input) {
  StandaloneConfig config;
  WEIR_ASSIGN_OR_RETURN(config.settings, config::Load(input, [&](Reader& root) {
                          ReadStandalone(root, input.environment, config);
                        }));
  edge::ShowProxy(config.edge, config.settings);
  config.edge.open_organization = config.identity.default_organization;
  return config;
}

absl::StatusOr<StandaloneConfig> LoadStandaloneConfig(const std::string& path,
                                                      const config::Environment& environment) {
  WEIR_ASSIGN_OR_RETURN(std::string text, config::ReadFile(path));
  config::Input input{.file = path, .text = std::move(text), .environment = environment};
  // weirctl's: who administers a gateway from the shell that started it has them there.
  input.not_overrides.insert({"WEIR_ADMIN_ADDRESS", "WEIR_ADMIN_TOKEN", "WEIR_ADMIN_TOKEN_FILE"});
  return ParseStandaloneConfig(input);
}

std::string DescribeConfig(const StandaloneConfig& config) {
  return config::Describe(config.settings);
}

}  // namespace weir::standalone
