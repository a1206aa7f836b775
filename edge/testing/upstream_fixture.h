#pragma once

#include <optional>
#include <string>
#include <utility>

#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "edge/testing/scripted_server.h"
#include "edge/upstream/upstream_call.h"

namespace weir::edge::testing {

constexpr std::string_view kRequestHead =
    "POST /v1/chat/completions HTTP/1.1\r\nhost: upstream\r\ncontent-length: 2\r\n\r\n";

// What came of one call.
struct Called {
  absl::Status started;
  absl::Status read;
  int http_status = 0;
  std::string body;
  bool dispatched = false;
  Duration first_byte{};
};

inline asio::awaitable<Called> Ask(UpstreamCall* call, std::string_view head = kRequestHead,
                                   std::string_view body = "{}") {
  Called called;
  called.started = co_await call->Start(head, body);
  called.dispatched = call->dispatched();
  called.first_byte = call->first_byte_after();
  called.http_status = call->http_status();
  while (called.started.ok() && called.read.ok() && !call->done()) {
    called.read = co_await call->Read(&called.body);
  }
  co_return called;
}

// Everything between a call and the network, in real time with small limits.
class UpstreamFixture : public ::testing::Test {
 protected:
  void SetUp() override { OpenDialer({.allow = Allow({"127.0.0.0/8"}), .allow_plaintext = true}); }

  static AddressSet Allow(const std::vector<std::string>& entries) {
    auto set = AddressSet::Parse(entries);
    EXPECT_THAT(set, ::weir::testing::IsOk());
    return *std::move(set);
  }
  void OpenDialer(EgressOptions options) {
    auto dialer = Dialer::Create(loop_, deadlines_, std::move(options));
    ASSERT_THAT(dialer, ::weir::testing::IsOk());
    dialer_ = *std::move(dialer);
  }
  // A pool for `url`; https trusts `ca_pem`.
  std::shared_ptr<UpstreamPool> Pool(const std::string& url, size_t max_connections = 10,
                                     const std::string& ca_pem = "", bool verify = true) {
    auto base = text::ParseBaseUrl(url);
    EXPECT_THAT(base, ::weir::testing::IsOk());
    UpstreamPool::Options options{
        .url = *base, .verify = verify, .max_connections = max_connections};
    options.connect = connect_wait_;
    options.idle = idle_keep_;
    if (base->tls) options.tls = *dialer_->NewTlsContext(ca_pem);
    return std::make_shared<UpstreamPool>(std::move(options), *dialer_, clock_);
  }
  Called Call(const std::shared_ptr<UpstreamPool>& pool, std::string_view body = "{}") {
    UpstreamCall call(pool, deadlines_, clock_, times_);
    const std::string head = fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: upstream\r\n"
        "content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.size());
    return ::weir::testing::RunUntilDone(loop_, Ask(&call, head, body));
  }

  asio::io_context loop_;
  SystemClock clock_;
  AsioTimers timers_{loop_, clock_};
  Deadlines deadlines_{timers_};
  std::unique_ptr<Dialer> dialer_;
  UpstreamCall::Times times_{.first_byte = std::chrono::milliseconds(300),
                             .idle = std::chrono::milliseconds(200),
                             .total = std::chrono::seconds(5)};
  Duration connect_wait_ = std::chrono::seconds(2);
  Duration idle_keep_ = std::chrono::seconds(30);
};

// "HTTP/1.1 200 OK" with a length.
inline std::string Answer(std::string_view body, std::string_view headers = "") {
  return fmt::format("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{}\r\n{}", body.size(), headers,
                     body);
}

}  // namespace weir::edge::testing
