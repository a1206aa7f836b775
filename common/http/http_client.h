#pragma once

#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/async/asio.h"
#include "common/async/resolver.h"
#include "common/status/status.h"
#include "common/text/base_url.h"
#include "common/time/clock.h"

namespace weir::http {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// Asks other servers now and then: a connection for each question, TLS 1.2 or later with the
// server's certificate and name checked, no redirects, no compression. What is asked on every
// request belongs into edge/upstream. Thread-safe.
class HttpClient {
 public:
  struct Options {
    std::string ca_file;           // PEM; empty: the system's authorities.
    bool allow_plaintext = false;  // Else http:// is refused but for this machine.
    uint64_t max_body = 8 << 20;   // Of an answer.
  };
  // kInvalidArgument: the file of authorities cannot be used.
  static absl::StatusOr<std::unique_ptr<HttpClient>> Create(Options options);

  struct Question {
    text::BaseUrl server;  // Its path stands before `target`.
    std::string target;    // "/embeddings".
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;  // JSON.
  };
  // Posts it, and waits for the answer, whatever its status, on the coroutine's executor.
  // kUnavailable: no connection, or no answer that can be read; kDeadlineExceeded;
  // kInvalidArgument: plaintext to another machine. Messages have neither headers nor bodies.
  asio::awaitable<absl::StatusOr<HttpAnswer>> Post(Question question, Duration within);

 private:
  HttpClient(Options options, asio::ssl::context tls);

  const Options options_;
  asio::ssl::context tls_;
  Resolver resolver_;
};

}  // namespace weir::http
