#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "common/testing/fake_clock.h"
#include "edge/pipeline/call.h"

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

// A call on its own, for steps that look at no more of it: somebody of acme, a table, these
// headers.
class TestCall {
 public:
  explicit TestCall(
      std::initializer_list<std::pair<std::string_view, std::string_view>> headers = {}) {
    for (const auto& [name, value] : headers) {
      fields_.insert({name.data(), name.size()}, {value.data(), value.size()});
    }
    exchange_.head.fields = &fields_;
    exchange_.reply = &reply;
    call_->exchange = &exchange_;
    call_->clock = &clock_;
    call_->request_id = "request-1";
    principal.set_organization("acme");
    proxy.set_organization("acme");
    proxy.set_name("web");
  }
  TestCall(const TestCall&) = delete;
  TestCall& operator=(const TestCall&) = delete;

  // The call as it stands, with what the test has set.
  CallPtr Get() {
    auto routes = std::make_shared<CompiledRoutes>();
    routes->table = std::make_shared<const routing::v1::RoutingTable>(table);
    call_->routes = std::move(routes);
    call_->principal = std::make_shared<const identity::v1::Principal>(principal);
    return call_;
  }
  const RequestHead& head() const { return exchange_.head; }

  identity::v1::Principal principal;
  routing::v1::RoutingTable table;
  routing::v1::ProxyRoute proxy;  // In use once call->route.proxy points to it.
  RecordingReply reply;

 private:
  boost::beast::http::fields fields_;
  ::weir::testing::FakeClock clock_;
  Exchange exchange_;
  const CallPtr call_ = std::make_shared<Call>();
};

}  // namespace weir::edge::testing
