#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "common/async/event_stream.h"
#include "common/rpc/completion_loop.h"

namespace weir::rpc {

// Calls a server-streaming method ("/weir.identity.v1.IdentityService/Watch") and reads what it
// sends, encoded, on the loop. Over when the server ends it, is lost, or `capacity` messages wait
// to be read; let go of, the call is cancelled.
std::shared_ptr<EventStream<std::string>> OpenServerStream(
    CompletionLoop& loop, const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
    const std::string& request, size_t capacity);

// The same messages, decoded.
template <typename Event>
class DecodedStream final : public EventStream<Event> {
 public:
  explicit DecodedStream(std::shared_ptr<EventStream<std::string>> encoded)
      : encoded_(std::move(encoded)) {}
  asio::awaitable<absl::StatusOr<Event>> Next() override {
    absl::StatusOr<std::string> bytes = co_await encoded_->Next();
    if (!bytes.ok()) co_return bytes.status();
    Event event;
    if (!event.ParseFromString(*bytes)) {
      co_return status::Unavailable("an event of {} bytes cannot be read", bytes->size());
    }
    co_return event;
  }
  void End() override { encoded_->End(); }

 private:
  const std::shared_ptr<EventStream<std::string>> encoded_;
};

}  // namespace weir::rpc
