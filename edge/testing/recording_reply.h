#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "edge/http/exchange.h"

namespace weir::edge::testing {

// Keeps the answer that it is sent.
class RecordingReply final : public Reply {
 public:
  asio::awaitable<absl::Status> Send(int http_status, Headers sent,
                                     std::string_view text) override {
    status = http_status;
    headers = std::move(sent);
    body = text;
    co_return absl::OkStatus();
  }
  void Begin(int, Headers) override {}
  asio::awaitable<absl::Status> Write(std::string_view) override { co_return absl::OkStatus(); }
  asio::awaitable<absl::Status> End(std::string_view) override { co_return absl::OkStatus(); }
  void Break() override {}
  bool begun() const override { return status != 0; }

  int status = 0;
  Headers headers;
  std::string body;
};

// The value of an answer's header; empty where it is missing.
inline std::string HeaderOf(const Headers& headers, std::string_view name) {
  std::string_view lines = headers.lines();
  while (!lines.empty()) {
    const size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    const size_t colon = line.find(": ");
    if (line.substr(0, colon) == name) return std::string(line.substr(colon + 2));
    lines.remove_prefix(end + 2);
  }
  return {};
}

}  // namespace weir::edge::testing
