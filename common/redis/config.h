#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/config/reader.h"
#include "common/config/secret.h"
#include "common/status/status.h"
#include "common/time/clock.h"

namespace weir::redis {

// What proves who is at either end. Files are PEM.
struct RedisTls {
  std::string ca_file;           // Whom to trust. Empty: the system's authorities.
  std::string certificate_file;  // This side's. Empty: none is shown.
  std::string key_file;
  std::string server_name;  // That the server must prove. Empty: the host of its address.
};

// Who is asked which server is the master.
struct RedisSentinel {
  std::string master;  // Its name.
  std::vector<std::string> addresses;
  // How the sentinels know this side; they have passwords of their own. Empty: they ask for none.
  std::string user;
  config::Secret password;
};

// The `redis` section. Read once at start; does not change while running.
struct RedisConfig {
  // HOST:PORT or unix:PATH. Empty where sentinels are asked.
  std::string address;
  std::string user;  // Of an ACL. Empty: the default user.
  config::Secret password;
  std::optional<RedisTls> tls;
  std::optional<RedisSentinel> sentinel;
  // How long one attempt to connect may take, with all questions before the first command: 10ms to
  // 1m.
  Duration connect_timeout = std::chrono::seconds(1);
  // How long a command waits for its answer; a server that is silent for so long while answers are
  // due is taken for lost: 1ms to 1m.
  Duration command_timeout = std::chrono::milliseconds(500);
  // Commands of one event loop that wait for an answer; more are refused: 16 to 1,000,000.
  int64_t max_in_flight = 8192;

  bool is_set() const { return !address.empty() || sentinel.has_value(); }
  // kInvalidArgument naming every key that is wrong.
  absl::Status Validate() const;
};

// Form and type; what values may be, Validate says.
void ReadRedis(config::Reader& section, RedisConfig& settings);

}  // namespace weir::redis
