#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/asio.h"
#include "common/async/timers.h"
#include "common/ids/random.h"
#include "common/redis/codec.h"
#include "common/redis/connection.h"
#include "common/redis/reply.h"
#include "common/status/status.h"

namespace weir::redis {

// Commands of one event loop, pipelined on one connection that comes back by itself. Used on its
// loop's thread alone, by coroutines of that loop.
//
// While a first attempt to connect is under way commands wait for it, within their deadlines; where
// it has failed they are refused at once, and attempts go on behind them, at most a second apart.
// A server that leaves a command unanswered for `command_timeout` is taken for lost.
class Client {
 public:
  virtual ~Client() = default;

  // Sends `command` (of Encode) and waits for its reply; an error that the server answers is one,
  // as ErrorOf says. All answers with what came before it on this client in order.
  //
  // kUnavailable: not sent, or sent and the connection was lost: it may have happened.
  // kDeadlineExceeded: the same of `deadline`. kCancelled: the coroutine was cancelled; it may
  // happen. kResourceExhausted is never answered: too much waits is kUnavailable.
  virtual asio::awaitable<absl::StatusOr<Reply>> Call(std::string command,
                                                      MonotonicTime deadline) = 0;

  // Of the server that is connected now (Connected::run_id); empty: none is.
  virtual const std::string& run_id() const = 0;
  // Commands that wait, for a connection or for their replies.
  virtual size_t waiting() const = 0;
};

// `timers` is of `loop`; it and `random` must outlive the loop's last turn.
std::unique_ptr<Client> MakeClient(asio::any_io_executor loop, Timers& timers, Random& random,
                                   std::shared_ptr<const Route> route);

// A Lua script and the name that a server knows it by.
struct Script {
  std::string source;
  std::string sha;  // SHA-1 in hex.
};
Script MakeScript(std::string source);

// Runs a script; where the server does not have it (it was started anew, or flushed) it is loaded
// first. Errors are those of Client::Call.
asio::awaitable<absl::StatusOr<Reply>> Eval(Client& client, const Script* script,
                                            std::string command, MonotonicTime deadline);
// The command for Eval.
std::string EncodeEval(const Script& script, std::span<const std::string_view> keys,
                       std::span<const std::string_view> arguments);

}  // namespace weir::redis
