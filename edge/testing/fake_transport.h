#pragma once

#include <boost/asio/error.hpp>
#include <string>
#include <utility>

#include "edge/http/transport.h"

namespace weir::edge::testing {

// Keeps what is written; nothing is ever read from it.
class FakeTransport final : public Transport {
 public:
  asio::awaitable<std::tuple<ErrorCode, size_t>> ReadSome(asio::mutable_buffer) override {
    co_return std::tuple(ErrorCode(asio::error::eof), size_t{0});
  }
  asio::awaitable<ErrorCode> Write(std::span<const asio::const_buffer> data) override {
    ++writes;
    if (closed) co_return ErrorCode(asio::error::operation_aborted);
    if (fail_with) co_return fail_with;
    for (const asio::const_buffer& each : data) {
      written.append(static_cast<const char*>(each.data()), each.size());
    }
    co_return ErrorCode{};
  }
  asio::awaitable<ErrorCode> Handshake() override { co_return ErrorCode{}; }
  void StopReading() override {}
  void Close() override { closed = true; }
  bool PeerGone() const override { return closed; }
  bool Quiet() const override { return !closed; }

  std::string Take() { return std::exchange(written, {}); }

  std::string written;
  int writes = 0;
  ErrorCode fail_with;
  bool closed = false;
};

}  // namespace weir::edge::testing
