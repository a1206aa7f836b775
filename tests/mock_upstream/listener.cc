#include "tests/mock_upstream/listener.h"

#include <fmt/format.h>

#include <boost/asio/dispatch.hpp>

namespace weir::mock {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptRetry(10);

}  // namespace

Listener::Listener(CorePtr core, size_t loops, Serve serve)
    : core_(std::move(core)),
      loops_(loops),
      serve_(serve),
      acceptor_(core_->loops[0]->context.get_executor()) {}

absl::Status Listener::Open(const std::string& host, uint16_t port) {
  error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (error) {
    return absl::InvalidArgumentError(fmt::format("listening on '{}': want an IP address", host));
  }
  const tcp::endpoint endpoint(address, port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(
        fmt::format("listening on {}:{}: {}", host, port, error.message()));
  }
  port_ = acceptor_.local_endpoint(error).port();
  return absl::OkStatus();
}

void Listener::Close() {
  error_code ignored;
  acceptor_.close(ignored);
}

Awaitable<void> Listener::Run(std::shared_ptr<Listener> self) {
  size_t turn = 0;
  while (self->acceptor_.is_open()) {
    EventLoop& loop = *self->core_->loops[turn++ % self->loops_];
    auto [error, socket] =
        co_await self->acceptor_.async_accept(loop.context.get_executor(), kAwait);
    if (!error) {
      self->Hand(loop, std::move(socket));
    } else if (self->acceptor_.is_open()) {  // Out of descriptors: some will be free again.
      Timer pause(self->acceptor_.get_executor(), kAcceptRetry);
      co_await pause.async_wait(kAwait);
    }
  }
}

void Listener::Hand(EventLoop& loop, Socket socket) {
  asio::dispatch(loop.context.get_executor(),
                 [core = core_, serve = serve_, &loop, client = std::move(socket)]() mutable {
                   serve(std::move(core), loop, std::move(client));
                 });
}

}  // namespace weir::mock
