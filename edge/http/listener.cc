#include "edge/http/listener.h"

#include <boost/asio/steady_timer.hpp>
#include <exception>

#include "common/log/log.h"

namespace weir::edge {

Listener::Listener(asio::io_context& loop, Options options, ConnectionDeps deps)
    : loop_(loop),
      options_(std::move(options)),
      deps_(deps),
      acceptor_(loop),
      room_(loop, asio::steady_timer::time_point::max()) {}

absl::StatusOr<std::unique_ptr<Listener>> Listener::Open(asio::io_context& loop, Options options,
                                                         ConnectionDeps deps) {
  ErrorCode error;
  const auto address = asio::ip::make_address(options.host, error);
  if (error) {
    return status::InvalidArgument("listening on '{}': want an IP address", options.host);
  }
  std::unique_ptr<Listener> listener(new Listener(loop, std::move(options), deps));
  const asio::ip::tcp::endpoint endpoint(address, listener->options_.port);
  auto& acceptor = listener->acceptor_;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
  if (!error) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(1024, error);
  if (error) {
    return status::Unavailable("listening on {}:{}: {}", listener->options_.host,
                               listener->options_.port, error.message());
  }
  return listener;
}

uint16_t Listener::port() const {
  ErrorCode ignored;
  return acceptor_.local_endpoint(ignored).port();
}

void Listener::Start() { asio::co_spawn(loop_, Accept(), asio::detached); }

asio::awaitable<void> Listener::Accept() {
  while (!draining_) {
    if (open_.size() >= options_.max_connections) {
      co_await room_.async_wait(kTuple);
      room_.expires_at(asio::steady_timer::time_point::max());
      continue;
    }
    auto [error, socket] = co_await acceptor_.async_accept(kTuple);
    if (error && (draining_ || error == asio::error::operation_aborted)) co_return;
    if (error) {
      // Out of descriptors, mostly: accepting again at once would spin.
      log::Warn("http.accept.failed", {{"reason", error.message()}});
      asio::steady_timer pause(loop_, std::chrono::milliseconds(100));
      co_await pause.async_wait(kTuple);
      continue;
    }
    Take(std::move(socket));
  }
}

void Listener::Take(asio::ip::tcp::socket socket) {
  ErrorCode ignored;
  const auto client = socket.remote_endpoint(ignored).address();
  auto transport = options_.tls != nullptr ? NewTlsServer(std::move(socket), *options_.tls)
                                           : NewPlainTransport(std::move(socket));
  auto connection =
      Connection::Create(std::move(transport), client, options_.tls != nullptr, deps_);
  if (draining_) connection->Drain();
  asio::co_spawn(loop_, Serve(connection), asio::detached);
}

// Whoever is connected already, as the kernel told them, is not reset: they are served their one
// request.
void Listener::TakeQueued() {
  ErrorCode error;
  acceptor_.non_blocking(true, error);
  while (!error && open_.size() < options_.max_connections) {
    asio::ip::tcp::socket socket(loop_);
    acceptor_.accept(socket, error);
    if (!error) Take(std::move(socket));
  }
}

asio::awaitable<void> Listener::Serve(std::shared_ptr<Connection> connection) {
  open_.insert(connection);
  count_ = open_.size();
  try {
    co_await connection->Run();
  } catch (const std::exception& thrown) {
    log::Error("http.connection.failed", {{"reason", thrown.what()}});
    connection->Close();
  }
  open_.erase(connection);
  count_ = open_.size();
  room_.cancel();
}

void Listener::Drain() {
  draining_ = true;
  const auto open = open_;
  TakeQueued();
  ErrorCode ignored;
  acceptor_.close(ignored);
  for (const auto& each : open) each->Drain();
}

void Listener::CloseAll() {
  const auto open = open_;
  for (const auto& each : open) each->Close();
}

}  // namespace weir::edge
