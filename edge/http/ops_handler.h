#pragma once

#include "common/http/ops_answer.h"
#include "edge/http/exchange.h"

namespace weir::edge {

// The ops listener of a process with an edge, on the edge's own HTTP; what it says is
// http::AnswerOps. No authentication: keep it inside.
class OpsHandler final : public Handler {
 public:
  explicit OpsHandler(http::OpsSources sources) : sources_(std::move(sources)) {}

  asio::awaitable<void> Serve(Exchange* exchange) override;
  asio::awaitable<void> Refuse(Exchange* exchange, absl::Status status) override;
  size_t max_body() const override { return 1024; }

 private:
  http::OpsSources sources_;
};

}  // namespace weir::edge
