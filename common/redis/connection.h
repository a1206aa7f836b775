#pragma once

#include <array>
#include <memory>
#include <string>

#include "common/async/asio.h"
#include "common/async/timers.h"
#include "common/redis/codec.h"
#include "common/redis/config.h"
#include "common/redis/transport.h"
#include "common/status/status.h"

namespace weir::redis {

// The largest reply that is taken.
inline constexpr size_t kMaxReplyBytes = 8 << 20;

// A connection for one question at a time, in coroutines on one loop: what stands before the first
// command, and subscriptions. After an error it is of no use any more.
class Connection {
 public:
  // `timers` is of the loop, and outlives all calls.
  Connection(TransportPtr transport, Timers& timers)
      : transport_(std::move(transport)), timers_(timers), decoder_(kMaxReplyBytes) {}

  // Asks and waits. An error that the server answers is one, as ErrorOf says. kUnavailable: it is
  // lost, or the deadline passed.
  asio::awaitable<absl::StatusOr<Reply>> Ask(std::string command, MonotonicTime deadline);
  asio::awaitable<absl::Status> Send(std::string command, MonotonicTime deadline);
  // The next reply, whatever it answers.
  asio::awaitable<absl::StatusOr<Reply>> Read(MonotonicTime deadline);

  const TransportPtr& transport() const { return transport_; }
  void Close() { transport_->Close(); }

 private:
  TransportPtr transport_;
  Timers& timers_;
  Decoder decoder_;
  std::array<char, 16 << 10> buffer_;
};

// How to come by a server, made once for all connections of a configuration.
struct Route {
  RedisConfig config;
  TlsContextPtr tls;  // Null: plain.
};
// kInvalidArgument: a file of TLS cannot be used.
absl::StatusOr<std::shared_ptr<const Route>> MakeRoute(RedisConfig config);

struct Connected {
  std::unique_ptr<Connection> connection;
  Address address;
  // Changes with each start of a server, and is another one on each: what was stored under another
  // id may be lost in part.
  std::string run_id;
};
// Finds the master (asking the sentinels, where there are any), connects, authenticates, and makes
// sure that it is a master. kUnavailable, kUnauthenticated, kPermissionDenied: as they say;
// messages carry no credential.
asio::awaitable<absl::StatusOr<Connected>> Connect(Timers& timers,
                                                   std::shared_ptr<const Route> route);

}  // namespace weir::redis
