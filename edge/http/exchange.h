#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/beast/http/fields.hpp>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "common/async/asio.h"
#include "common/status/status.h"
#include "edge/http/headers.h"

namespace weir::edge {

// A request as it came; views live as long as the exchange.
struct RequestHead {
  std::string_view method;
  // Path without query, not decoded; "/" and more.
  std::string_view path;
  // Behind the '?', without it.
  std::string_view query;
  // Every header, repeated ones included.
  const boost::beast::http::fields* fields = nullptr;
  int version = 11;
  bool keep_alive = true;

  // First value of a header; empty where it is missing.
  std::string_view Find(std::string_view name) const;
  // All values of a header that came several times, joined with ", " in their order.
  std::string FindAll(std::string_view name) const;
};

// Writes one answer. Either Send, or Begin, Write..., End. On the connection's loop, one call at a
// time; what is to be written must live until the call is over. An error is kCancelled: the client
// is gone, or took nothing for too long.
class Reply {
 public:
  virtual ~Reply() = default;

  // The whole answer. Adds Content-Length, Date and Connection.
  virtual asio::awaitable<absl::Status> Send(int status, Headers headers,
                                             std::string_view body) = 0;

  // Starts an answer of unknown length (chunked, or until close for HTTP/1.0). The head goes out
  // with the first Write.
  virtual void Begin(int status, Headers headers) = 0;

  // A piece of the body, at once.
  virtual asio::awaitable<absl::Status> Write(std::string_view data) = 0;

  // Ends the body properly, with its last piece.
  virtual asio::awaitable<absl::Status> End(std::string_view last) = 0;

  // Ends the connection without ending the body, so that the client sees a broken answer.
  virtual void Break() = 0;

  // The head was handed over: no other status is possible any more.
  virtual bool begun() const = 0;
};

// One request and its answer on a client's connection. Lives on the connection's loop until the
// handler returns.
struct Exchange {
  RequestHead head;
  // The body, decoded from its transfer coding; 64 readable bytes behind it. Points into the
  // connection's buffer.
  std::string_view body;
  // The socket's other side, or what a trusted proxy says it is.
  asio::ip::address client;
  bool over_tls = false;
  Reply* reply = nullptr;

  // The client went away (seen within a quarter of a second). The handler is told once through
  // `on_client_gone`.
  bool client_gone = false;
  std::function<void()> on_client_gone;
};

// Answers requests of one listener. One per loop.
class Handler {
 public:
  virtual ~Handler() = default;
  // Answers through `exchange->reply`; must have sent something when it returns. `exchange`
  // outlives the coroutine.
  virtual asio::awaitable<void> Serve(Exchange* exchange) = 0;
  // The bytes could not be read as a request; `status` says why, the connection closes behind the
  // answer.
  virtual asio::awaitable<void> Refuse(Exchange* exchange, absl::Status status) = 0;
  // Largest body in bytes.
  virtual size_t max_body() const = 0;
};

}  // namespace weir::edge
