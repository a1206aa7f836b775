#include "edge/http/transport.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace weir::edge {
namespace {

bool IsPeerGone(const Socket& socket) {
  if (!socket.is_open()) return true;
  pollfd poll_fd{.fd = const_cast<Socket&>(socket).native_handle(), .events = POLLRDHUP};
  if (::poll(&poll_fd, 1, 0) <= 0) return false;
  return (poll_fd.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

bool IsQuiet(const Socket& socket) {
  if (!socket.is_open()) return false;
  pollfd poll_fd{.fd = const_cast<Socket&>(socket).native_handle(), .events = POLLIN | POLLRDHUP};
  return ::poll(&poll_fd, 1, 0) == 0;
}

// As writev, but a peer that is gone is an error and no signal.
ssize_t SendParts(int fd, iovec* parts, size_t count) {
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

void Prepare(Socket& socket) {
  ErrorCode ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.native_non_blocking(true, ignored);
}

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(Socket socket) : socket_(std::move(socket)) { Prepare(socket_); }

  asio::awaitable<std::tuple<ErrorCode, size_t>> ReadSome(asio::mutable_buffer into) override {
    return socket_.async_read_some(into, kTuple);
  }

  asio::awaitable<ErrorCode> Write(std::span<const asio::const_buffer> data) override {
    std::array<iovec, 16> parts;
    while (!data.empty()) {
      size_t count = 0;
      for (; !data.empty() && count < parts.size(); data = data.subspan(1)) {
        if (data.front().size() == 0) continue;
        parts[count++] = {const_cast<void*>(data.front().data()), data.front().size()};
      }
      iovec* next = parts.data();
      while (count > 0) {
        ssize_t wrote = SendParts(socket_.native_handle(), next, count);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0 && errno != EAGAIN) {
          co_return ErrorCode(errno, boost::system::system_category());
        }
        if (wrote < 0) {
          auto [error] = co_await socket_.async_wait(Socket::wait_write, kTuple);
          if (error) co_return error;
          continue;
        }
        while (count > 0 && static_cast<size_t>(wrote) >= next->iov_len) {
          wrote -= static_cast<ssize_t>(next->iov_len);
          ++next;
          --count;
        }
        if (count > 0) {
          next->iov_base = static_cast<char*>(next->iov_base) + wrote;
          next->iov_len -= static_cast<size_t>(wrote);
        }
      }
    }
    co_return ErrorCode{};
  }

  asio::awaitable<ErrorCode> Handshake() override { co_return ErrorCode{}; }

  void StopReading() override {
    ErrorCode ignored;
    socket_.cancel(ignored);
  }

  void Close() override {
    ErrorCode ignored;
    socket_.shutdown(Socket::shutdown_both, ignored);
    socket_.close(ignored);
  }

  bool PeerGone() const override { return IsPeerGone(socket_); }
  bool Quiet() const override { return IsQuiet(socket_); }

 private:
  Socket socket_;
};

class TlsTransport final : public Transport {
 public:
  using Role = asio::ssl::stream_base::handshake_type;
  TlsTransport(Socket socket, asio::ssl::context& context, Role role)
      : stream_(std::move(socket), context), role_(role) {
    Prepare(stream_.next_layer());
  }

  asio::ssl::stream<Socket>& stream() { return stream_; }

  asio::awaitable<std::tuple<ErrorCode, size_t>> ReadSome(asio::mutable_buffer into) override {
    return stream_.async_read_some(into, kTuple);
  }

  asio::awaitable<ErrorCode> Write(std::span<const asio::const_buffer> data) override {
    // One TLS record for what belongs together: small pieces are joined first.
    joined_.clear();
    for (const asio::const_buffer& each : data) {
      joined_.append(static_cast<const char*>(each.data()), each.size());
    }
    auto [error, wrote] = co_await asio::async_write(stream_, asio::buffer(joined_), kTuple);
    co_return error;
  }

  asio::awaitable<ErrorCode> Handshake() override {
    auto [error] = co_await stream_.async_handshake(role_, kTuple);
    co_return error;
  }

  void StopReading() override {
    ErrorCode ignored;
    stream_.next_layer().cancel(ignored);
  }

  void Close() override {
    ErrorCode ignored;
    stream_.next_layer().shutdown(Socket::shutdown_both, ignored);
    stream_.next_layer().close(ignored);
  }

  bool PeerGone() const override { return IsPeerGone(stream_.next_layer()); }
  bool Quiet() const override { return IsQuiet(stream_.next_layer()); }

 private:
  asio::ssl::stream<Socket> stream_;
  const Role role_;
  std::string joined_;
};

}  // namespace

std::unique_ptr<Transport> NewPlainTransport(Socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

std::unique_ptr<Transport> NewTlsServer(Socket socket, asio::ssl::context& context) {
  return std::make_unique<TlsTransport>(std::move(socket), context, asio::ssl::stream_base::server);
}

std::unique_ptr<Transport> NewTlsClient(Socket socket, asio::ssl::context& context,
                                        const std::string& host_name, bool verify) {
  auto transport =
      std::make_unique<TlsTransport>(std::move(socket), context, asio::ssl::stream_base::client);
  ErrorCode ignored;
  const bool is_address = (asio::ip::make_address(host_name, ignored), !ignored);
  // RFC 6066: the name of a server, never an address.
  if (!is_address) SSL_set_tlsext_host_name(transport->stream().native_handle(), host_name.c_str());
  if (verify) {
    transport->stream().set_verify_mode(asio::ssl::verify_peer, ignored);
    transport->stream().set_verify_callback(asio::ssl::host_name_verification(host_name), ignored);
  } else {
    transport->stream().set_verify_mode(asio::ssl::verify_none, ignored);
  }
  return transport;
}

}  // namespace weir::edge
