#pragma once

#include <simdjson.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "tests/mock_upstream/behaviours.h"
#include "tests/mock_upstream/ledger.h"
#include "tests/mock_upstream/provider.h"

namespace weir::mock {

namespace asio = boost::asio;

// Asio's types for a known executor: the type-erased one costs on every operation.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;
template <typename T>
using Awaitable = asio::awaitable<T, Executor>;
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> kAwait{};

// A client's connection, as its loop sees it.
class OpenConnection {
 public:
  virtual ~OpenConnection() = default;
  // Ends it as soon as its loop gets to it. Called on its loop.
  virtual void Close() = 0;
};

// What belongs to one thread. Used by that thread alone, but for the count.
struct EventLoop {
  explicit EventLoop(asio::io_context& io) : context(io) {}

  asio::io_context& context;
  simdjson::dom::parser json;
  std::unordered_set<OpenConnection*> connections;
  std::atomic<int64_t> connection_count = 0;
};

// What all threads share. Connections hold it, so it outlives them.
struct Core {
  Core(FixedAnswer fixed, std::string api_key, size_t log_size)
      : behaviours(std::move(fixed)), provider(std::move(api_key), behaviours), ledger(log_size) {}

  Behaviours behaviours;
  Provider provider;
  Ledger ledger;
  std::optional<asio::ssl::context> tls;          // Set: the traffic listener speaks TLS.
  std::vector<std::unique_ptr<EventLoop>> loops;  // Complete before the first connection.
};
using CorePtr = std::shared_ptr<Core>;

}  // namespace weir::mock
