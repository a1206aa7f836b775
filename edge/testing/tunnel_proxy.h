#pragma once

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/async/asio.h"
#include "common/async/mutex.h"

namespace weir::edge::testing {

// A CONNECT proxy on a thread of its own: opens every way that it is asked for to 127.0.0.1, or
// says `refusal` instead and no more.
class TunnelProxy {
 public:
  TunnelProxy() : TunnelProxy(std::nullopt) {}
  explicit TunnelProxy(std::optional<std::string> refusal)
      : refusal_(std::move(refusal)),
        acceptor_(loop_, {asio::ip::address_v4::loopback(), 0}),
        port_(acceptor_.local_endpoint().port()) {
    asio::co_spawn(loop_, Accept(), asio::detached);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~TunnelProxy() {
    loop_.stop();
    thread_.join();
  }

  uint16_t port() const { return port_; }
  // The heads that clients sent.
  std::vector<std::string> asked() const {
    MutexLock lock(mutex_);
    return asked_;
  }

 private:
  using Socket = asio::ip::tcp::socket;

  asio::awaitable<void> Accept() {
    for (;;) {
      auto [error, socket] = co_await acceptor_.async_accept(kTuple);
      if (error) co_return;
      asio::co_spawn(loop_, Serve(std::make_shared<Socket>(std::move(socket))), asio::detached);
    }
  }
  asio::awaitable<void> Serve(std::shared_ptr<Socket> client) {
    std::string head;
    auto [error, size] =
        co_await asio::async_read_until(*client, asio::dynamic_buffer(head), "\r\n\r\n", kTuple);
    if (error) co_return;
    {
      MutexLock lock(mutex_);
      asked_.push_back(head);
    }
    if (refusal_) {
      co_await asio::async_write(*client, asio::buffer(*refusal_), kTuple);
      co_await client->async_wait(Socket::wait_read, kTuple);  // Until it is gone.
      co_return;
    }
    const size_t port_at = head.find(':') + 1;
    auto server = std::make_shared<Socket>(loop_);
    const asio::ip::tcp::endpoint there(asio::ip::address_v4::loopback(),
                                        static_cast<uint16_t>(std::stoi(head.substr(port_at))));
    auto [refused] = co_await server->async_connect(there, kTuple);
    const std::string answer =
        refused ? "HTTP/1.1 502 Bad Gateway\r\n\r\n" : "HTTP/1.1 200 OK\r\n\r\n";
    co_await asio::async_write(*client, asio::buffer(answer), kTuple);
    if (refused) co_return;
    asio::co_spawn(loop_, Copy(client, server), asio::detached);
    co_await Copy(server, client);
  }
  static asio::awaitable<void> Copy(std::shared_ptr<Socket> from, std::shared_ptr<Socket> to) {
    std::array<char, 16 * 1024> space;
    for (;;) {
      auto [error, size] = co_await from->async_read_some(asio::buffer(space), kTuple);
      if (error) break;
      auto [write_error, wrote] =
          co_await asio::async_write(*to, asio::buffer(space, size), kTuple);
      if (write_error) break;
    }
    ErrorCode ignored;
    to->shutdown(Socket::shutdown_send, ignored);
  }

  const std::optional<std::string> refusal_;
  asio::io_context loop_;
  asio::ip::tcp::acceptor acceptor_;
  const uint16_t port_;
  mutable Mutex mutex_;
  std::vector<std::string> asked_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace weir::edge::testing
