#pragma once

#include "edge/http/deadlines.h"
#include "edge/http/exchange.h"
#include "edge/http/transport.h"

namespace weir::edge {

// The answer side of a client connection: builds heads, frames bodies, bounds every write. One
// object a connection, Reset for each request.
class ReplyWriter final : public Reply {
 public:
  // All must outlive this object. `limit` is the connection's time limit, set to `write_wait`
  // around each write.
  ReplyWriter(Transport& transport, Deadlines::Limit& limit, Duration write_wait,
              const Clock& clock);

  // For the next request, of HTTP/1.1 (`version` 11) or 1.0 (10). `head_only`: the body is not sent
  // (HEAD). `last`: the connection closes behind the answer.
  void Reset(int version, bool head_only, bool last);

  asio::awaitable<absl::Status> Send(int status, Headers headers, std::string_view body) override;
  void Begin(int status, Headers headers) override;
  asio::awaitable<absl::Status> Write(std::string_view data) override;
  asio::awaitable<absl::Status> End(std::string_view last) override;
  void Break() override;
  bool begun() const override { return begun_; }

  // The answer ended properly and the connection may serve another request.
  bool reusable() const { return ended_ && !last_; }
  // The connection closes behind this answer.
  void CloseAfter() { last_ = true; }
  bool ended() const { return ended_; }

 private:
  void StartHead(int status, const Headers& headers);
  asio::awaitable<absl::Status> Put(std::span<const asio::const_buffer> parts);
  std::string_view Date();

  Transport& transport_;
  Deadlines::Limit& limit_;
  const Duration write_wait_;
  const Clock& clock_;
  std::string head_;
  std::string date_;
  int64_t date_second_ = -1;
  int version_ = 11;
  bool head_only_ = false;
  bool last_ = false;
  bool begun_ = false;
  bool ended_ = false;
  bool broken_ = false;
  bool chunked_ = false;
};

}  // namespace weir::edge
