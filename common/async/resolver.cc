#include "common/async/resolver.h"

#include <netdb.h>

#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <optional>

#include "common/text/parse.h"

namespace weir {
namespace {

absl::StatusOr<Endpoints> AskSystem(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return status::Unavailable("{}", ::gai_strerror(error));
  }
  Endpoints endpoints;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (each->ai_addrlen > endpoint.capacity()) continue;
    endpoint.resize(each->ai_addrlen);
    std::memcpy(endpoint.data(), each->ai_addr, each->ai_addrlen);
    endpoints.push_back(endpoint);
  }
  ::freeaddrinfo(found);
  return endpoints;
}

// "192.0.2.1" and "::1" are what they are.
std::optional<asio::ip::tcp::endpoint> Literal(const std::string& host, const std::string& port) {
  ErrorCode no_address;
  const auto address = asio::ip::make_address(host, no_address);
  const std::optional<int64_t> number = text::ParseInt64(port);
  if (no_address || !number || *number < 0 || *number > 65'535) return std::nullopt;
  return asio::ip::tcp::endpoint(address, static_cast<uint16_t>(*number));
}

}  // namespace

// Both sides own it. The coroutine waits on the timer, so that the loop owns the coroutine: a
// worker that comes late wakes nobody.
struct Resolver::Query::State {
  explicit State(asio::any_io_executor executor)
      : done(std::move(executor), asio::steady_timer::time_point::max()) {}
  asio::steady_timer done;
  std::optional<absl::StatusOr<Endpoints>> answer;  // On the loop's thread alone.
};

Resolver::Resolver(LookUp look_up)
    : look_up_(look_up ? std::move(look_up) : AskSystem),
      workers_("resolve", kThreads, kMaxWaiting) {}

Resolver::Query::Query(asio::any_io_executor executor)
    : state_(std::make_shared<State>(std::move(executor))) {}

Resolver::Query::~Query() { Cancel(); }

void Resolver::Query::Cancel() {
  if (!state_->answer) state_->answer = status::Cancelled("cancelled");
  state_->done.cancel();
}

asio::awaitable<absl::StatusOr<Endpoints>> Resolver::Query::Run(Resolver* resolver,
                                                                std::string host,
                                                                std::string port) {
  if (const auto endpoint = Literal(host, port)) co_return Endpoints{*endpoint};
  const auto state = state_;
  const bool posted = resolver->workers_.TryPost(
      [state, executor = state->done.get_executor(), look_up = resolver->look_up_,
       host = std::move(host), port = std::move(port)]() mutable {
        auto answer = std::make_shared<absl::StatusOr<Endpoints>>(look_up(host, port));
        asio::post(executor, [state = std::move(state), answer = std::move(answer)] {
          if (!state->answer) state->answer = *std::move(answer);
          state->done.cancel();
        });
      });
  if (!posted) co_return status::Unavailable("too many names are being looked up");
  while (!state->answer) co_await state->done.async_wait(kTuple);
  co_return *state->answer;
}

}  // namespace weir
