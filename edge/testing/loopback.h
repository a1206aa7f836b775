#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "common/async/asio.h"
#include "common/testing/run.h"

namespace weir::edge::testing {

using ::weir::testing::PumpUntil;

// Runs what is ready, and what becomes ready within a few milliseconds: for asserting that nothing
// happens.
inline void Settle(asio::io_context& loop) {
  for (int i = 0; i < 10; ++i) {
    loop.restart();
    while (loop.poll() > 0) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// The client's end of a TCP connection to 127.0.0.1; reads without waiting.
class LoopbackClient {
 public:
  explicit LoopbackClient(uint16_t port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    }
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~LoopbackClient() { Close(); }
  LoopbackClient(const LoopbackClient&) = delete;
  LoopbackClient& operator=(const LoopbackClient&) = delete;

  bool connected() const { return connected_; }

  // All of `data`, which must fit the socket buffers.
  void Send(std::string_view data) {
    while (!data.empty()) {
      const ssize_t sent = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
      if (sent < 0) return;
      data.remove_prefix(static_cast<size_t>(sent));
    }
  }
  // What has come so far, and is not taken yet.
  const std::string& received() {
    Poll();
    return received_;
  }
  std::string Take() {
    Poll();
    return std::exchange(received_, {});
  }
  // The other side has ended the connection, in order or by a reset.
  bool ended() {
    Poll();
    return ended_;
  }
  bool was_reset() {
    Poll();
    return reset_;
  }
  void CloseSending() { ::shutdown(fd_, SHUT_WR); }
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  // Ends it by a reset.
  void Reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    Close();
  }

 private:
  void Poll() {
    char space[64 * 1024];
    while (!ended_ && fd_ >= 0) {
      const ssize_t got = ::recv(fd_, space, sizeof(space), MSG_DONTWAIT);
      if (got > 0) {
        received_.append(space, static_cast<size_t>(got));
        continue;
      }
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
      ended_ = true;
      reset_ = got < 0;
    }
  }

  int fd_;
  bool connected_ = false;
  bool ended_ = false;
  bool reset_ = false;
  std::string received_;
};

// Listens on 127.0.0.1 and takes one connection at a time, so that a test has both ends.
class LoopbackAcceptor {
 public:
  explicit LoopbackAcceptor(asio::io_context& loop)
      : acceptor_(loop, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
  uint16_t port() const { return acceptor_.local_endpoint().port(); }
  // A client has connected.
  bool pending() {
    pollfd poll_fd{.fd = acceptor_.native_handle(), .events = POLLIN};
    return ::poll(&poll_fd, 1, 0) > 0;
  }
  // The server's end of a connection that a client has made.
  asio::ip::tcp::socket Accept() { return acceptor_.accept(); }

 private:
  asio::ip::tcp::acceptor acceptor_;
};

}  // namespace weir::edge::testing
