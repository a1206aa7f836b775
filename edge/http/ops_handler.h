#pragma once

#include <functional>
#include <string>

#include "edge/http/exchange.h"

namespace weir::edge {

// The ops listener: /livez (the process runs), /readyz and /healthz and /health (it serves),
// /metrics. No authentication: keep it inside.
class OpsHandler final : public Handler {
 public:
  struct Sources {
    // Empty: ready. Else why not.
    std::function<std::string()> not_ready;
    std::function<std::string()> metrics;
  };
  explicit OpsHandler(Sources sources) : sources_(std::move(sources)) {}

  asio::awaitable<void> Serve(Exchange* exchange) override;
  asio::awaitable<void> Refuse(Exchange* exchange, absl::Status status) override;
  size_t max_body() const override { return 1024; }

 private:
  Sources sources_;
};

}  // namespace weir::edge
