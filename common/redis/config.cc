#include "common/redis/config.h"

#include "common/config/config_errors.h"
#include "common/redis/address.h"
#include "common/text/excerpt.h"

namespace weir::redis {
namespace {

constexpr std::string_view kWantAddress = "HOST:PORT or unix:PATH";

void CheckAddress(std::string_view key, const std::string& address, config::ConfigErrors& errors) {
  if (IsAddress(address)) return;
  errors.Add(key, fmt::format("is '{}', want {}", text::Excerpt(address), kWantAddress));
}

void CheckSentinel(const RedisSentinel& sentinel, config::ConfigErrors& errors) {
  if (sentinel.master.empty()) errors.Add("sentinel.master", "is empty, want the master's name");
  if (sentinel.addresses.empty()) {
    errors.Add("sentinel.addresses", "is empty, want the address of each sentinel");
  }
  for (size_t i = 0; i < sentinel.addresses.size(); ++i) {
    CheckAddress(fmt::format("sentinel.addresses[{}]", i), sentinel.addresses[i], errors);
  }
  if (!sentinel.user.empty() && sentinel.password.empty()) {
    errors.Add("sentinel.password", "is empty, but sentinel.user is set");
  }
}

void ReadTls(config::Reader& section, RedisTls& tls) {
  section.String("ca", &tls.ca_file);
  section.String("certificate", &tls.certificate_file);
  section.String("key", &tls.key_file);
  section.String("server_name", &tls.server_name);
}

void ReadSentinel(config::Reader& section, RedisSentinel& sentinel) {
  section.String("master", &sentinel.master, {.required = true, .want = "the master's name"});
  section.Strings("addresses", &sentinel.addresses, {.want = kWantAddress, .accept = IsAddress});
  section.String("user", &sentinel.user);
  section.Secret("password", &sentinel.password);
}

}  // namespace

absl::Status RedisConfig::Validate() const {
  using std::chrono::milliseconds;
  using std::chrono::minutes;
  config::ConfigErrors errors("redis");
  if (!address.empty()) CheckAddress("address", address, errors);
  if (sentinel) {
    if (!address.empty()) errors.Add("address", "is set beside sentinel, want one of them");
    CheckSentinel(*sentinel, errors);
  }
  if (!user.empty() && password.empty()) errors.Add("password", "is empty, but user is set");
  if (tls && tls->certificate_file.empty() != tls->key_file.empty()) {
    errors.Add("tls.certificate", "and tls.key belong together, got one of them");
  }
  errors.InRange("connect_timeout", connect_timeout, milliseconds(10), minutes(1));
  errors.InRange("command_timeout", command_timeout, milliseconds(1), minutes(1));
  errors.InRange("max_in_flight", max_in_flight, int64_t{16}, int64_t{1'000'000});
  return errors.ToStatus();
}

void ReadRedis(config::Reader& section, RedisConfig& settings) {
  section.String("address", &settings.address);
  section.String("user", &settings.user);
  section.Secret("password", &settings.password);
  section.Optional("tls", &settings.tls, ReadTls);
  section.Optional("sentinel", &settings.sentinel, ReadSentinel);
  section.Duration("connect_timeout", &settings.connect_timeout);
  section.Duration("command_timeout", &settings.command_timeout);
  section.Int("max_in_flight", &settings.max_in_flight);
}

}  // namespace weir::redis
