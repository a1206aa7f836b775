#include "common/redis/transport.h"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <functional>

namespace weir::redis {
namespace {

// TCP and Unix sockets alike.
using Socket = asio::generic::stream_protocol::socket;
using Tls = asio::ssl::stream<Socket>;

Socket& Lowest(Socket& socket) { return socket; }
Socket& Lowest(Tls& tls) { return tls.next_layer(); }

template <typename Stream>
class StreamTransport final : public Transport,
                              public std::enable_shared_from_this<StreamTransport<Stream>> {
 public:
  template <typename... Args>
  explicit StreamTransport(Args&&... args) : stream_(std::forward<Args>(args)...) {}

  void ReadSome(asio::mutable_buffer into, Done done) override {
    stream_.async_read_some(into, Keep(std::move(done)));
  }
  void Write(asio::const_buffer from, Done done) override {
    asio::async_write(stream_, from, Keep(std::move(done)));
  }
  void Close() override {
    ErrorCode ignored;
    Lowest(stream_).close(ignored);
  }

  Stream& stream() { return stream_; }

 private:
  auto Keep(Done done) {
    return [self = this->shared_from_this(), done = std::move(done)](
               ErrorCode error, size_t size) mutable { std::move(done)(error, size); };
  }

  Stream stream_;
};
using Plain = StreamTransport<Socket>;
using Secure = StreamTransport<Tls>;

// Runs `abort` at the deadline, unless it is called off: whatever waits then ends with an error.
class Alarm {
 public:
  Alarm(Timers& timers, MonotonicTime deadline, std::function<void()> abort)
      : timers_(timers), fired_(std::make_shared<bool>(false)) {
    id_ = timers.At(deadline, [fired = fired_, abort = std::move(abort)] {
      *fired = true;
      abort();
    });
  }
  // Whether it has fired.
  bool Cancel() {
    timers_.Cancel(id_);
    return *fired_;
  }

 private:
  Timers& timers_;
  std::shared_ptr<bool> fired_;
  Timers::Id id_;
};

absl::Status Failed(const Address& address, const ErrorCode& error, bool late) {
  return status::Unavailable("connecting to redis at {}: {}", AddressText(address),
                             late ? "no answer in time" : error.message());
}

using Endpoints = std::vector<asio::generic::stream_protocol::endpoint>;

asio::awaitable<absl::StatusOr<Endpoints>> Resolve(Timers& timers, Address address,
                                                   MonotonicTime deadline) {
  if (address.is_unix()) {
    co_return Endpoints{asio::local::stream_protocol::endpoint(address.path)};
  }
  auto executor = co_await asio::this_coro::executor;
  auto resolver = std::make_shared<asio::ip::tcp::resolver>(executor);
  Alarm alarm(timers, deadline, [resolver] { resolver->cancel(); });
  const std::string port = std::to_string(address.port);
  auto [error, found] = co_await resolver->async_resolve(address.host, port, kTuple);
  const bool late = alarm.Cancel();
  if (error || late) co_return Failed(address, error, late);
  Endpoints endpoints;
  for (const auto& each : found) endpoints.emplace_back(each.endpoint());
  co_return endpoints;
}

// Small commands must not wait for one another's acknowledgement.
void SetNoDelay(Socket& socket) {
  ErrorCode ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
}

asio::awaitable<absl::StatusOr<std::shared_ptr<Plain>>> Connect(Timers& timers, Dial dial) {
  absl::StatusOr<Endpoints> endpoints = co_await Resolve(timers, dial.address, dial.deadline);
  if (!endpoints.ok()) co_return endpoints.status();
  auto executor = co_await asio::this_coro::executor;
  ErrorCode last = asio::error::host_not_found;
  for (const auto& endpoint : *endpoints) {
    auto plain = std::make_shared<Plain>(executor);
    Alarm alarm(timers, dial.deadline, [plain] { plain->Close(); });
    const auto [error] = co_await plain->stream().async_connect(endpoint, kTuple);
    const bool late = alarm.Cancel();
    if (late) co_return Failed(dial.address, error, late);
    if (!error) {
      if (!dial.address.is_unix()) SetNoDelay(plain->stream());
      co_return plain;
    }
    last = error;
  }
  co_return Failed(dial.address, last, false);
}

absl::Status ExpectName(Tls& tls, const std::string& name) {
  ErrorCode error;
  tls.set_verify_mode(asio::ssl::verify_peer, error);
  if (!error) tls.set_verify_callback(asio::ssl::host_name_verification(name), error);
  if (error) return status::Internal("preparing TLS for redis: {}", error.message());
  SSL_set_tlsext_host_name(tls.native_handle(), name.c_str());
  return absl::OkStatus();
}

asio::awaitable<absl::StatusOr<TransportPtr>> Secured(Timers& timers, Dial dial,
                                                      std::shared_ptr<Plain> plain) {
  auto secure = std::make_shared<Secure>(std::move(plain->stream()), *dial.tls);
  WEIR_CO_RETURN_IF_ERROR(ExpectName(secure->stream(), dial.server_name));
  Alarm alarm(timers, dial.deadline, [secure] { secure->Close(); });
  const auto [error] = co_await secure->stream().async_handshake(Tls::client, kTuple);
  const bool late = alarm.Cancel();
  if (late) co_return Failed(dial.address, error, late);
  if (error) {
    co_return status::Unauthenticated("securing the connection to redis at {}: {}",
                                      AddressText(dial.address), error.message());
  }
  co_return secure;
}

}  // namespace

absl::StatusOr<TlsContextPtr> MakeTlsContext(const RedisTls& tls) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  ErrorCode error;
  const auto failed = [&error](std::string_view key, const std::string& file) {
    return status::InvalidArgument("redis.tls.{}: reading '{}': {}", key, file, error.message());
  };
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  if (tls.ca_file.empty()) {
    context->set_default_verify_paths(error);
  } else {
    context->load_verify_file(tls.ca_file, error);
  }
  if (error) return failed("ca", tls.ca_file);
  if (tls.certificate_file.empty()) return context;
  context->use_certificate_chain_file(tls.certificate_file, error);
  if (error) return failed("certificate", tls.certificate_file);
  context->use_private_key_file(tls.key_file, asio::ssl::context::pem, error);
  if (error) return failed("key", tls.key_file);
  return context;
}

asio::awaitable<absl::StatusOr<TransportPtr>> OpenTransport(Timers& timers, Dial dial) {
  absl::StatusOr<std::shared_ptr<Plain>> plain = co_await Connect(timers, dial);
  if (!plain.ok()) co_return plain.status();
  if (dial.tls == nullptr) co_return *std::move(plain);
  co_return co_await Secured(timers, std::move(dial), *std::move(plain));
}

}  // namespace weir::redis
