#include "common/http/http_client.h"

#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <memory>

namespace weir::http {
namespace {

namespace beast = ::boost::beast;
namespace wire = ::boost::beast::http;
namespace ssl = ::boost::asio::ssl;

using TlsStream = beast::ssl_stream<beast::tcp_stream>;
using Message = wire::request<wire::string_body>;

absl::Status Failed(std::string_view doing, const text::BaseUrl& server, ErrorCode error) {
  if (error == beast::error::timeout) {
    return status::DeadlineExceeded("{} {}: no answer in time", doing, server.host);
  }
  return status::Unavailable("{} {}: {}", doing, server.host, error.message());
}

Message MessageOf(const HttpClient::Question& question) {
  Message message(wire::verb::post, question.server.path + question.target, 11);
  message.set(wire::field::host, question.server.authority);
  message.set(wire::field::content_type, "application/json");
  message.set(wire::field::accept, "application/json");
  message.set(wire::field::user_agent, "weir");
  for (const auto& [name, value] : question.headers) message.set(name, value);
  message.keep_alive(false);
  message.body() = question.body;
  message.prepare_payload();
  return message;
}

// Sends and reads on a stream that is ready.
template <typename Stream>
asio::awaitable<absl::StatusOr<HttpAnswer>> Exchange(Stream* stream,
                                                     const HttpClient::Question* question,
                                                     uint64_t max_body) {
  const Message message = MessageOf(*question);
  const auto [unsent, sent] = co_await wire::async_write(*stream, message, kTuple);
  if (unsent) co_return Failed("sending to", question->server, unsent);
  beast::flat_buffer buffer;
  wire::response_parser<wire::string_body> parser;
  parser.body_limit(max_body);
  const auto [unread, read] = co_await wire::async_read(*stream, buffer, parser, kTuple);
  if (unread) co_return Failed("reading from", question->server, unread);
  co_return HttpAnswer{.status = static_cast<int>(parser.get().result_int()),
                       .body = std::move(parser.get().body())};
}

asio::awaitable<absl::StatusOr<HttpAnswer>> OverTls(TlsStream* stream,
                                                    const HttpClient::Question* question,
                                                    uint64_t max_body) {
  const std::string& host = question->server.host;
  SSL_set_tlsext_host_name(stream->native_handle(), host.c_str());
  stream->set_verify_mode(ssl::verify_peer);
  stream->set_verify_callback(ssl::host_name_verification(host));
  const auto [refused] = co_await stream->async_handshake(ssl::stream_base::client, kTuple);
  if (refused) co_return Failed("TLS with", question->server, refused);
  // The end of the connection is not waited for: the answer says its own length.
  co_return co_await Exchange(stream, question, max_body);
}

bool IsOfThisMachine(const Endpoints& endpoints) {
  for (const auto& each : endpoints) {
    if (!each.address().is_loopback()) return false;
  }
  return !endpoints.empty();
}

}  // namespace

HttpClient::HttpClient(Options options, ssl::context tls)
    : options_(std::move(options)), tls_(std::move(tls)) {}

absl::StatusOr<std::unique_ptr<HttpClient>> HttpClient::Create(Options options) {
  ssl::context tls(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  ErrorCode error;
  if (options.ca_file.empty()) {
    tls.set_default_verify_paths(error);
  } else {
    tls.load_verify_file(options.ca_file, error);
  }
  if (error) {
    return status::InvalidArgument("authorities '{}': {}", options.ca_file, error.message());
  }
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(options), std::move(tls)));
}

asio::awaitable<absl::StatusOr<HttpAnswer>> HttpClient::Post(Question question, Duration within) {
  const auto end = std::chrono::steady_clock::now() + within;
  auto executor = co_await asio::this_coro::executor;
  const auto query = std::make_shared<Resolver::Query>(executor);
  asio::steady_timer timer(executor, within);
  timer.async_wait([query](ErrorCode error) {
    if (!error) query->Cancel();
  });
  const absl::StatusOr<Endpoints> endpoints =
      co_await query->Run(&resolver_, question.server.host, question.server.port);
  timer.cancel();
  if (!endpoints.ok()) co_return endpoints.status();
  if (!question.server.tls && !options_.allow_plaintext && !IsOfThisMachine(*endpoints)) {
    co_return status::InvalidArgument("{}: http:// leaves this machine, want https://",
                                      question.server.host);
  }
  const auto left = end - std::chrono::steady_clock::now();
  TlsStream stream(executor, tls_);
  beast::tcp_stream& tcp = stream.next_layer();
  tcp.expires_after(std::max(left, std::chrono::steady_clock::duration(1)));
  const auto [unconnected, endpoint] = co_await tcp.async_connect(*endpoints, kTuple);
  if (unconnected) co_return Failed("connecting to", question.server, unconnected);
  if (question.server.tls) co_return co_await OverTls(&stream, &question, options_.max_body);
  co_return co_await Exchange(&tcp, &question, options_.max_body);
}

}  // namespace weir::http
