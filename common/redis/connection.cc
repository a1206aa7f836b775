#include "common/redis/connection.h"

#include <boost/asio/async_result.hpp>

namespace weir::redis {
namespace {

// Closes the transport at the deadline; whatever waits for it ends with an error.
Timers::Id CloseAt(Timers& timers, MonotonicTime deadline, TransportPtr transport) {
  return timers.At(deadline, [transport = std::move(transport)] { transport->Close(); });
}

asio::awaitable<std::tuple<ErrorCode, size_t>> ReadSome(TransportPtr transport,
                                                        asio::mutable_buffer into) {
  auto start = [transport, into](auto handler) { transport->ReadSome(into, std::move(handler)); };
  co_return co_await asio::async_initiate<decltype(kTuple), void(ErrorCode, size_t)>(start, kTuple);
}

asio::awaitable<std::tuple<ErrorCode, size_t>> WriteAll(TransportPtr transport,
                                                        asio::const_buffer from) {
  auto start = [transport, from](auto handler) { transport->Write(from, std::move(handler)); };
  co_return co_await asio::async_initiate<decltype(kTuple), void(ErrorCode, size_t)>(start, kTuple);
}

// The value of "key:value\r\n" in what INFO answers; empty: it has none.
std::string InfoField(std::string_view info, std::string_view key) {
  const std::string start = fmt::format("\n{}:", key);
  const size_t at = info.find(start);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = info.substr(at + start.size());
  return std::string(rest.substr(0, rest.find_first_of("\r\n")));
}

asio::awaitable<absl::StatusOr<std::unique_ptr<Connection>>> Open(
    Timers& timers, std::shared_ptr<const Route> route, Address address, MonotonicTime deadline) {
  std::string name = route->tls != nullptr ? route->config.tls->server_name : "";
  if (name.empty()) name = address.host;
  Dial dial{
      .address = address, .tls = route->tls, .server_name = std::move(name), .deadline = deadline};
  absl::StatusOr<TransportPtr> transport = co_await OpenTransport(timers, std::move(dial));
  if (!transport.ok()) co_return transport.status();
  co_return std::make_unique<Connection>(*std::move(transport), timers);
}

std::optional<Address> AddressOf(const Reply& reply) {
  if (!reply.is_array() || reply.items.size() != 2) return std::nullopt;
  const bool is_v6 = reply.items[0].text.find(':') != std::string::npos;
  return ParseAddress(is_v6 ? fmt::format("[{}]:{}", reply.items[0].text, reply.items[1].text)
                            : fmt::format("{}:{}", reply.items[0].text, reply.items[1].text));
}

// Says who this side is, where the other one wants to know.
asio::awaitable<absl::Status> LogIn(Connection& connection, std::string user,
                                    config::Secret password, MonotonicTime deadline) {
  if (password.empty()) co_return absl::OkStatus();
  std::string command = user.empty() ? Encode({"AUTH", password.Reveal()})
                                     : Encode({"AUTH", user, password.Reveal()});
  co_return (co_await connection.Ask(std::move(command), deadline)).status();
}

asio::awaitable<absl::StatusOr<Address>> AskSentinel(Timers& timers,
                                                     std::shared_ptr<const Route> route,
                                                     Address sentinel, MonotonicTime deadline) {
  auto connection = co_await Open(timers, route, sentinel, deadline);
  if (!connection.ok()) co_return connection.status();
  const RedisSentinel& asked = *route->config.sentinel;
  const absl::Status let_in = co_await LogIn(**connection, asked.user, asked.password, deadline);
  if (!let_in.ok()) {
    co_return status::While(let_in, "asking the sentinel at {}", AddressText(sentinel));
  }
  const std::string& master = asked.master;
  std::string question = Encode({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", master});
  absl::StatusOr<Reply> reply = co_await (*connection)->Ask(std::move(question), deadline);
  if (!reply.ok()) co_return reply.status();
  const std::optional<Address> address = AddressOf(*reply);
  if (!address) {
    co_return status::Unavailable("the sentinel at {} knows no master '{}'", AddressText(sentinel),
                                  master);
  }
  co_return *address;
}

// Where the master should be. Each sentinel has its share of the time.
asio::awaitable<absl::StatusOr<Address>> FindMaster(Timers& timers,
                                                    std::shared_ptr<const Route> route) {
  const RedisConfig& config = route->config;
  if (!config.sentinel) co_return *ParseAddress(config.address);
  const auto share = config.connect_timeout / static_cast<int>(config.sentinel->addresses.size());
  absl::Status last = status::Unavailable("no sentinel is known");
  for (const std::string& each : config.sentinel->addresses) {
    const MonotonicTime deadline = timers.clock().Monotonic() + share;
    auto found = co_await AskSentinel(timers, route, *ParseAddress(each), deadline);
    if (found.ok()) co_return found;
    last = found.status();
  }
  co_return last;
}

// What the server says of itself, if it may be used.
asio::awaitable<absl::StatusOr<std::string>> Greet(Connection& connection,
                                                   std::shared_ptr<const Route> route,
                                                   MonotonicTime deadline) {
  const absl::Status let_in =
      co_await LogIn(connection, route->config.user, route->config.password, deadline);
  if (!let_in.ok()) co_return let_in;
  std::string ask_role = Encode({"INFO", "replication"});
  const absl::StatusOr<Reply> role = co_await connection.Ask(std::move(ask_role), deadline);
  if (!role.ok()) co_return role.status();
  if (const std::string is = InfoField(role->text, "role"); is != "master") {
    co_return status::Unavailable("redis says role:{}, want role:master", is);
  }
  std::string ask_id = Encode({"INFO", "server"});
  const absl::StatusOr<Reply> server = co_await connection.Ask(std::move(ask_id), deadline);
  if (!server.ok()) co_return server.status();
  co_return InfoField(server->text, "run_id");
}

}  // namespace

asio::awaitable<absl::Status> Connection::Send(std::string command, MonotonicTime deadline) {
  const Timers::Id alarm = CloseAt(timers_, deadline, transport_);
  const auto [error, size] = co_await WriteAll(transport_, asio::buffer(command));
  timers_.Cancel(alarm);
  if (error) co_return status::Unavailable("writing to redis: {}", error.message());
  co_return absl::OkStatus();
}

asio::awaitable<absl::StatusOr<Reply>> Connection::Read(MonotonicTime deadline) {
  for (;;) {
    WEIR_CO_ASSIGN_OR_RETURN(std::optional<Reply> reply, decoder_.Next());
    if (reply) co_return *std::move(reply);
    const Timers::Id alarm = CloseAt(timers_, deadline, transport_);
    const auto [error, size] = co_await ReadSome(transport_, asio::buffer(buffer_));
    timers_.Cancel(alarm);
    if (error) co_return status::Unavailable("reading from redis: {}", error.message());
    WEIR_CO_RETURN_IF_ERROR(decoder_.Feed(std::string_view(buffer_.data(), size)));
  }
}

asio::awaitable<absl::StatusOr<Reply>> Connection::Ask(std::string command,
                                                       MonotonicTime deadline) {
  const absl::Status sent = co_await Send(std::move(command), deadline);
  if (!sent.ok()) co_return sent;
  absl::StatusOr<Reply> reply = co_await Read(deadline);
  if (reply.ok() && reply->kind == Reply::Kind::kError) co_return ErrorOf(reply->text);
  co_return reply;
}

absl::StatusOr<std::shared_ptr<const Route>> MakeRoute(RedisConfig config) {
  WEIR_RETURN_IF_ERROR(config.Validate());
  if (!config.is_set()) return status::InvalidArgument("redis.address is empty");
  TlsContextPtr tls;
  if (config.tls) {
    WEIR_ASSIGN_OR_RETURN(tls, MakeTlsContext(*config.tls));
  }
  return std::make_shared<const Route>(Route{std::move(config), std::move(tls)});
}

asio::awaitable<absl::StatusOr<Connected>> Connect(Timers& timers,
                                                   std::shared_ptr<const Route> route) {
  absl::StatusOr<Address> address = co_await FindMaster(timers, route);
  if (!address.ok()) co_return address.status();
  const MonotonicTime deadline = timers.clock().Monotonic() + route->config.connect_timeout;
  auto connection = co_await Open(timers, route, *address, deadline);
  if (!connection.ok()) co_return connection.status();
  absl::StatusOr<std::string> run_id = co_await Greet(**connection, route, deadline);
  if (!run_id.ok()) {
    co_return status::While(run_id.status(), "greeting redis at {}", AddressText(*address));
  }
  co_return Connected{.connection = *std::move(connection),
                      .address = *std::move(address),
                      .run_id = *std::move(run_id)};
}

}  // namespace weir::redis
