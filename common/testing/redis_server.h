#pragma once

#include <sys/types.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "common/redis/config.h"
#include "common/redis/reply.h"

namespace weir::testing {

// A port of 127.0.0.1 that nobody listens on.
int FreePort();

// A redis-server of Debian's package in a folder of its own, on a Unix socket and on a port of
// 127.0.0.1; it ends with this object, or with the test. Ends the test where it cannot be started.
// For one thread.
class RedisServer {
 public:
  // `arguments`: further ones of redis-server ("--requirepass", "secret").
  explicit RedisServer(std::vector<std::string> arguments = {});
  // A sentinel that watches `master` as "weir" and fails over to its replica by itself, soon.
  // `password`: that it wants to hear. Empty: none.
  static RedisServer Sentinel(const RedisServer& master, std::string password = "");
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  std::string address() const { return "unix:" + folder_ + "/redis.sock"; }
  int port() const { return port_; }
  std::string tcp_address() const { return "127.0.0.1:" + std::to_string(port_); }
  const std::string& folder() const { return folder_; }
  // For a client of it; patient, since tests run on busy machines.
  redis::RedisConfig config() const;

  // Sends one command over a connection of its own, and waits: what it answers, also an error.
  redis::Reply Ask(std::initializer_list<std::string_view> command) const;
  // Runs on with what is on its disk: nothing, unless it was told to keep anything.
  void Start();
  void Kill();    // SIGKILL.
  void Pause();   // SIGSTOP.
  void Resume();  // SIGCONT.
  // CPU time that it has used.
  double CpuSeconds() const;

 private:
  struct AsSentinel {
    const RedisServer& master;
    std::string password;
  };
  explicit RedisServer(AsSentinel sentinel);
  bool TryAsk(std::initializer_list<std::string_view> command, redis::Reply& reply) const;
  void AwaitReady() const;

  std::string folder_;
  int port_ = 0;
  std::vector<std::string> arguments_;
  pid_t pid_ = 0;
};

}  // namespace weir::testing
