#include "edge/upstream/dialer.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "common/text/ascii.h"
#include "common/text/excerpt.h"

namespace weir::edge {
namespace {

constexpr size_t kMaxTunnelHead = 8 * 1024;

absl::Status Failed(const Deadlines::Limit& limit, std::string_view doing, const text::BaseUrl& url,
                    const ErrorCode& error) {
  if (limit.has_expired()) {
    return status::DeadlineExceeded("{} {}: timed out", doing, url.authority);
  }
  return status::Unavailable("{} {}: {}", doing, url.authority, error.message());
}

}  // namespace

// What a running Connect holds, so that its time limit can end it wherever it is.
struct Dialer::Attempt {
  Resolver::Query* query = nullptr;
  Socket* socket = nullptr;
  Transport* transport = nullptr;

  void End() const {
    ErrorCode ignored;
    if (query != nullptr) query->Cancel();
    if (socket != nullptr) socket->close(ignored);
    if (transport != nullptr) transport->Close();
  }
};

Dialer::Dialer(asio::io_context& loop, Deadlines& deadlines, EgressOptions options)
    : loop_(loop),
      deadlines_(deadlines),
      options_(std::move(options)),
      policy_(options_.allow),
      resolver_(options_.look_up) {}

absl::StatusOr<std::unique_ptr<Dialer>> Dialer::Create(asio::io_context& loop, Deadlines& deadlines,
                                                       EgressOptions options) {
  std::unique_ptr<Dialer> dialer(new Dialer(loop, deadlines, std::move(options)));
  if (!dialer->options_.https_proxy.empty()) {
    absl::StatusOr<text::BaseUrl> proxy = text::ParseBaseUrl(dialer->options_.https_proxy);
    if (!proxy.ok()) return status::While(proxy.status(), "reading the egress proxy");
    if (proxy->tls) {
      return status::InvalidArgument("reading the egress proxy: '{}' is https, want http",
                                     dialer->options_.https_proxy);
    }
    dialer->proxy_ = *std::move(proxy);
  }
  absl::Status roots = dialer->NewTlsContext("").status();
  if (!roots.ok()) return roots;
  return dialer;
}

absl::StatusOr<std::shared_ptr<asio::ssl::context>> Dialer::NewTlsContext(
    const std::string& ca_pem) const {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  ErrorCode error;
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  context->set_default_verify_paths(error);
  if (!options_.ca_file.empty()) {
    context->load_verify_file(options_.ca_file, error);
    if (error) {
      return status::InvalidArgument("reading the CA file '{}': {}", options_.ca_file,
                                     error.message());
    }
  }
  if (!ca_pem.empty()) {
    context->add_certificate_authority(asio::buffer(ca_pem), error);
    if (error) return status::InvalidArgument("reading a provider's ca_pem: {}", error.message());
  }
  return context;
}

bool Dialer::UsesProxy(const text::BaseUrl& url) const {
  if (!proxy_ || !url.tls) return false;
  for (const std::string& each : options_.no_proxy) {
    if (each == "*" || text::EqualsIgnoreCase(url.host, each)) return false;
    const std::string suffix = each.starts_with('.') ? each : "." + each;
    if (text::EndsWithIgnoreCase(url.host, suffix)) return false;
  }
  return true;
}

asio::awaitable<absl::StatusOr<std::unique_ptr<Transport>>> Dialer::Connect(text::BaseUrl url,
                                                                            asio::ssl::context* tls,
                                                                            bool verify,
                                                                            Duration wait) {
  if (!url.tls && !options_.allow_plaintext) {
    co_return status::PermissionDenied("{} is http: want https, or egress.allow_plaintext",
                                       url.authority);
  }
  auto attempt = std::make_shared<Attempt>();
  Deadlines::Limit limit(deadlines_, [attempt] { attempt->End(); });
  limit.Set(wait);
  const bool tunnelled = UsesProxy(url);
  const text::BaseUrl& next_hop = tunnelled ? *proxy_ : url;
  if (tunnelled) {
    // Names are the proxy's to resolve; an address that is never to be called is not asked for.
    ErrorCode no_address;
    const auto literal = asio::ip::make_address(url.host, no_address);
    const absl::Status allowed = no_address ? absl::OkStatus() : policy_.Check(literal);
    if (!allowed.ok()) co_return status::While(allowed, "calling {}", url.authority);
  }

  Resolver::Query query(loop_.get_executor());
  attempt->query = &query;
  const absl::StatusOr<Endpoints> found =
      co_await query.Run(&resolver_, next_hop.host, next_hop.port);
  attempt->query = nullptr;
  // The limit may have passed between the answer and here, where it ends nothing.
  if (limit.has_expired()) co_return Failed(limit, "resolving", next_hop, {});
  if (!found.ok()) co_return status::While(found.status(), "resolving {}", next_hop.authority);

  absl::Status last = status::Unavailable("resolving {}: no address", next_hop.authority);
  std::optional<Socket> socket;
  for (const asio::ip::tcp::endpoint& each : *found) {
    // An operator's own proxy is inside by nature; what it may reach is its business.
    if (absl::Status allowed = policy_.Check(each.address()); !tunnelled && !allowed.ok()) {
      last = status::While(allowed, "calling {}", url.authority);
      continue;
    }
    socket.emplace(loop_);
    attempt->socket = &*socket;
    auto [error] = co_await socket->async_connect(each, kTuple);
    attempt->socket = nullptr;
    if (!error) break;
    socket.reset();
    last = Failed(limit, "connecting to", next_hop, error);
    if (limit.has_expired()) co_return last;
  }
  if (!socket) co_return last;

  if (tunnelled) {
    const absl::Status open = co_await Tunnel(&*socket, &url, attempt.get());
    if (limit.has_expired()) {
      co_return status::DeadlineExceeded("asking the proxy for {}: timed out", url.authority);
    }
    if (!open.ok()) co_return open;
  }
  std::unique_ptr<Transport> transport =
      url.tls ? NewTlsClient(*std::move(socket), *tls, url.host, verify)
              : NewPlainTransport(*std::move(socket));
  attempt->transport = transport.get();
  const ErrorCode error = co_await transport->Handshake();
  attempt->transport = nullptr;
  if (error || limit.has_expired()) co_return Failed(limit, "opening TLS to", url, error);
  co_return std::move(transport);
}

asio::awaitable<absl::Status> Dialer::Tunnel(Socket* socket, const text::BaseUrl* url,
                                             Attempt* attempt) {
  // CONNECT wants a port, also the usual one.
  const std::string where =
      (url->host.find(':') == std::string::npos ? url->host : "[" + url->host + "]") + ":" +
      url->port;
  const std::string ask = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", where);
  attempt->socket = socket;
  auto [write_error, wrote] = co_await asio::async_write(*socket, asio::buffer(ask), kTuple);
  std::string answer;
  ErrorCode error = write_error;
  // A byte at a time: what follows the empty line belongs to TLS.
  while (!error && !answer.ends_with("\r\n\r\n") && answer.size() < kMaxTunnelHead) {
    char next = 0;
    auto [read_error, read] = co_await socket->async_read_some(asio::buffer(&next, 1), kTuple);
    error = read_error;
    if (!error) answer.push_back(next);
  }
  attempt->socket = nullptr;
  if (error) co_return status::Unavailable("asking the proxy for {}: {}", where, error.message());
  const bool open = answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.0 200");
  if (!open || !answer.ends_with("\r\n\r\n")) {
    co_return status::Unavailable("asking the proxy for {}: it answered '{}'", where,
                                  text::Excerpt(answer.substr(0, answer.find('\r'))));
  }
  co_return absl::OkStatus();
}

}  // namespace weir::edge
