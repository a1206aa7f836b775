#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/call_context.h"
#include "common/async/event_stream.h"
#include "common/status/status.h"

namespace weir::rpc {

// The hot methods of one service, whatever carries the call: a pipe, a unary call, a server stream.
// Add everything, then it does not change and is thread-safe.
class ServiceRegistry {
 public:
  using Bytes = std::string;
  struct Method {
    // One of them is set. The first runs on the server's loop.
    std::function<asio::awaitable<absl::StatusOr<Bytes>>(api::CallContext, Bytes)> call;
    std::function<absl::StatusOr<std::shared_ptr<EventStream<Bytes>>>(const Bytes&,
                                                                      asio::any_io_executor)>
        watch;
  };

  // `service`: its full name, "weir.quota.v1.QuotaService".
  explicit ServiceRegistry(std::string service) : service_(std::move(service)) {}

  // Answers `method` with a coroutine method of `target`, which outlives the registry.
  template <typename Req, typename Resp, typename Api>
  void Add(std::string_view method, Api& target,
           asio::awaitable<absl::StatusOr<Resp>> (Api::*handler)(api::CallContext, Req)) {
    methods_[std::string(method)].call = [&target, handler, name = FullName(method)](
                                             api::CallContext call, Bytes request) {
      return Answer<Req, Resp, Api>(&target, handler, call, std::move(request), name);
    };
  }

  // Answers `method` with the events of a stream that `open` makes of a request.
  template <typename Req, typename Event>
  void AddStream(
      std::string_view method,
      std::function<std::shared_ptr<EventStream<Event>>(Req, asio::any_io_executor)> open) {
    methods_[std::string(method)].watch =
        [open = std::move(open), name = FullName(method)](
            const Bytes& bytes,
            asio::any_io_executor executor) -> absl::StatusOr<std::shared_ptr<EventStream<Bytes>>> {
      Req request;
      if (!request.ParseFromString(bytes)) return Malformed(name, bytes.size());
      return std::make_shared<EncodedStream<Event>>(open(std::move(request), std::move(executor)));
    };
  }

  // Null: there is none.
  const Method* Find(std::string_view method) const {
    const auto found = methods_.find(method);
    return found == methods_.end() ? nullptr : &found->second;
  }
  const std::string& service() const { return service_; }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& [name, method] : methods_) names.push_back(name);
    return names;
  }

 private:
  template <typename Event>
  class EncodedStream final : public EventStream<Bytes> {
   public:
    explicit EncodedStream(std::shared_ptr<EventStream<Event>> events)
        : events_(std::move(events)) {}
    asio::awaitable<absl::StatusOr<Bytes>> Next() override {
      absl::StatusOr<Event> event = co_await events_->Next();
      if (!event.ok()) co_return event.status();
      co_return Message(*event).SerializeAsString();
    }
    void End() override { events_->End(); }

   private:
    template <typename T>
    static const T& Message(const T& message) {
      return message;
    }
    template <typename T>
    static const T& Message(const std::shared_ptr<const T>& shared) {
      return *shared;
    }
    const std::shared_ptr<EventStream<Event>> events_;
  };

  std::string FullName(std::string_view method) const {
    return fmt::format("{}/{}", service_, method);
  }
  static absl::Status Malformed(std::string_view name, size_t bytes) {
    return status::InvalidArgument("calling {}: {} bytes are not its request", name, bytes);
  }

  template <typename Req, typename Resp, typename Api>
  static asio::awaitable<absl::StatusOr<Bytes>> Answer(
      Api* target, asio::awaitable<absl::StatusOr<Resp>> (Api::*handler)(api::CallContext, Req),
      api::CallContext call, Bytes bytes, std::string_view name) {
    Req request;
    if (!request.ParseFromString(bytes)) co_return Malformed(name, bytes.size());
    absl::StatusOr<Resp> response = co_await (target->*handler)(call, std::move(request));
    if (!response.ok()) co_return response.status();
    co_return response->SerializeAsString();
  }

  const std::string service_;
  std::map<std::string, Method, std::less<>> methods_;
};

}  // namespace weir::rpc
