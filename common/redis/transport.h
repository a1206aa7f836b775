#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <memory>

#include "common/async/asio.h"
#include "common/async/timers.h"
#include "common/redis/address.h"
#include "common/redis/config.h"
#include "common/status/status.h"

// Forward: OpenSSL and Asio's streams stay in one .cc.
namespace boost::asio::ssl {
class context;
}

namespace weir::redis {

// A connected stream of bytes, whatever carries it. One Read and one Write at a time, on its loop's
// thread; it lives until both are over.
class Transport {
 public:
  using Done = asio::any_completion_handler<void(ErrorCode, size_t)>;
  virtual ~Transport() = default;
  virtual void ReadSome(asio::mutable_buffer into, Done done) = 0;
  // All of it.
  virtual void Write(asio::const_buffer from, Done done) = 0;
  // Ends what is under way, with an error.
  virtual void Close() = 0;
};
using TransportPtr = std::shared_ptr<Transport>;
using TlsContextPtr = std::shared_ptr<asio::ssl::context>;

// kInvalidArgument: a file of it cannot be used.
absl::StatusOr<TlsContextPtr> MakeTlsContext(const RedisTls& tls);

struct Dial {
  Address address;
  TlsContextPtr tls;  // Null: plain.
  std::string server_name;
  MonotonicTime deadline;
};
// Connects, with TLS where it is asked for, on the coroutine's loop, which is that of `timers`.
// kUnavailable: nobody is there, or not before the deadline; kUnauthenticated: TLS did not come
// about.
asio::awaitable<absl::StatusOr<TransportPtr>> OpenTransport(Timers& timers, Dial dial);

}  // namespace weir::redis
