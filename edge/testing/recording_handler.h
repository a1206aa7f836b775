#pragma once

#include <functional>
#include <string>
#include <vector>

#include "edge/http/exchange.h"

namespace weir::edge::testing {

// Keeps what it is asked, answers 200 with the body that came, or as `answer` says.
class RecordingHandler final : public Handler {
 public:
  struct Seen {
    std::string method, path, query, body;
    bool keep_alive = false;
    int version = 0;
  };

  asio::awaitable<void> Serve(Exchange* exchange) override {
    const RequestHead& head = exchange->head;
    // What the contract promises: 64 readable bytes behind the body. A sanitizer sees where there
    // are none.
    volatile char padding = 0;
    for (size_t i = 0; i < 64 && !exchange->body.empty(); ++i) {
      padding = exchange->body.data()[exchange->body.size() + i];
    }
    std::ignore = padding;
    seen.push_back({std::string(head.method), std::string(head.path), std::string(head.query),
                    std::string(exchange->body), head.keep_alive, head.version});
    ++serving;
    if (answer) {
      co_await answer(exchange);
    } else {
      std::ignore = co_await exchange->reply->Send(200, {}, exchange->body);
    }
    --serving;
  }
  asio::awaitable<void> Refuse(Exchange* exchange, absl::Status status) override {
    refused.push_back(status);
    int code = status.code() == absl::StatusCode::kOutOfRange ? 413 : 400;
    if (status.code() == absl::StatusCode::kDeadlineExceeded) code = 408;
    const std::string body(status::Message(status));
    std::ignore = co_await exchange->reply->Send(code, {}, body);
  }
  size_t max_body() const override { return limit; }

  std::function<asio::awaitable<void>(Exchange*)> answer;
  std::vector<Seen> seen;
  std::vector<absl::Status> refused;
  size_t limit = 1000;
  int serving = 0;
};

}  // namespace weir::edge::testing
