#include "common/http/ops_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <unordered_set>

#include "common/log/log.h"

namespace weir::http {
namespace {

namespace beast = ::boost::beast;
namespace wire = ::boost::beast::http;

constexpr uint32_t kLargestHead = 8 * 1024;
constexpr uint64_t kLargestBody = 1024;  // Nobody needs one; a client may send it all the same.

using Request = wire::request_parser<wire::string_body>;
using Answer = wire::response<wire::string_body>;

std::string_view PathOf(const Request& request) {
  const auto target = request.get().target();
  const std::string_view whole(target.data(), target.size());
  return whole.substr(0, whole.find('?'));
}

Answer AnswerTo(const Request& request, const OpsSources& sources) {
  const auto method = request.get().method_string();
  OpsAnswer said = AnswerOps(sources, {method.data(), method.size()}, PathOf(request));
  Answer answer(wire::int_to_status(said.status), request.get().version());
  answer.set(wire::field::content_type, {said.content_type.data(), said.content_type.size()});
  answer.set(wire::field::cache_control, "no-store");
  if (!said.allow.empty()) answer.set(wire::field::allow, {said.allow.data(), said.allow.size()});
  answer.keep_alive(request.get().keep_alive());
  answer.content_length(said.body.size());  // Of an answer to HEAD too.
  if (request.get().method() != wire::verb::head) answer.body() = std::move(said.body);
  return answer;
}

// What cannot be read as a request, and ends its connection.
Answer BadRequest() {
  Answer answer(wire::status::bad_request, 11);
  answer.set(wire::field::content_type, "text/plain; charset=utf-8");
  answer.keep_alive(false);
  answer.body() = "bad request\n";
  answer.prepare_payload();
  return answer;
}

bool IsUnreadable(const ErrorCode& error) {
  static const auto& category = wire::make_error_code(wire::error::bad_method).category();
  return error.category() == category && error != wire::error::end_of_stream &&
         error != wire::error::partial_message;
}

}  // namespace

// Shared with the coroutines, which outlive a server that is destroyed by a turn of the loop.
struct OpsServer::State {
  State(asio::io_context& io, Options limits, OpsSources asked)
      : loop(io), options(std::move(limits)), sources(std::move(asked)), acceptor(io) {}

  asio::io_context& loop;
  const Options options;
  const OpsSources sources;
  asio::ip::tcp::acceptor acceptor;
  std::unordered_set<beast::tcp_stream*> open;
  bool closed = false;

  static asio::awaitable<void> Accept(std::shared_ptr<State> state);
  static asio::awaitable<void> Serve(std::shared_ptr<State> state, asio::ip::tcp::socket socket);
  static asio::awaitable<bool> ServeOne(std::shared_ptr<State> state, beast::tcp_stream* stream,
                                        beast::flat_buffer* buffer);
};

asio::awaitable<void> OpsServer::State::Accept(std::shared_ptr<State> state) {
  while (!state->closed) {
    auto [error, socket] = co_await state->acceptor.async_accept(kTuple);
    if (state->closed) co_return;
    if (error) {
      // Out of descriptors, mostly: accepting again at once would spin.
      log::Warn("http.accept.failed", {{"reason", error.message()}});
      asio::steady_timer pause(state->loop, std::chrono::milliseconds(100));
      co_await pause.async_wait(kTuple);
    } else if (state->open.size() < state->options.max_connections) {
      asio::co_spawn(state->loop, Serve(state, std::move(socket)), asio::detached);
    }
  }
}

asio::awaitable<void> OpsServer::State::Serve(std::shared_ptr<State> state,
                                              asio::ip::tcp::socket socket) {
  beast::tcp_stream stream(std::move(socket));
  beast::flat_buffer buffer(kLargestHead + kLargestBody);
  state->open.insert(&stream);
  try {
    bool more = true;
    while (more && !state->closed) more = co_await ServeOne(state, &stream, &buffer);
  } catch (const std::exception& thrown) {
    log::Error("http.connection.failed", {{"reason", thrown.what()}});
  }
  state->open.erase(&stream);
  ErrorCode ignored;
  stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

// Whether the connection is good for another one.
asio::awaitable<bool> OpsServer::State::ServeOne(std::shared_ptr<State> state,
                                                 beast::tcp_stream* stream,
                                                 beast::flat_buffer* buffer) {
  Request request;
  request.header_limit(kLargestHead);
  request.body_limit(kLargestBody);
  stream->expires_after(state->options.timeout);
  auto [read, ignored] = co_await wire::async_read(*stream, *buffer, request, kTuple);
  if (state->closed || (read && !IsUnreadable(read))) co_return false;
  const Answer answer = read ? BadRequest() : AnswerTo(request, state->sources);
  stream->expires_after(state->options.timeout);
  auto [write, sent] = co_await wire::async_write(*stream, answer, kTuple);
  co_return !write && answer.keep_alive();
}

absl::StatusOr<std::unique_ptr<OpsServer>> OpsServer::Start(asio::io_context& loop, Options options,
                                                            OpsSources sources) {
  ErrorCode error;
  const auto address = asio::ip::make_address(options.host, error);
  if (error) {
    return status::InvalidArgument("listening on '{}': want an IP address", options.host);
  }
  const asio::ip::tcp::endpoint endpoint(address, options.port);
  auto state = std::make_shared<State>(loop, std::move(options), std::move(sources));
  auto& acceptor = state->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return status::Unavailable("listening for the ops endpoints on {}:{}: {}", state->options.host,
                               state->options.port, error.message());
  }
  asio::co_spawn(loop, State::Accept(state), asio::detached);
  return std::unique_ptr<OpsServer>(new OpsServer(std::move(state)));
}

OpsServer::~OpsServer() { Close(); }

void OpsServer::Close() {
  if (std::exchange(state_->closed, true)) return;
  ErrorCode ignored;
  state_->acceptor.close(ignored);
  for (beast::tcp_stream* each : state_->open) each->close();
}

uint16_t OpsServer::port() const {
  ErrorCode ignored;
  return state_->acceptor.local_endpoint(ignored).port();
}

}  // namespace weir::http
