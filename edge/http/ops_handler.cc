#include "edge/http/ops_handler.h"

#include "edge/http/error_body.h"

namespace weir::edge {
namespace {

Headers Plain(std::string_view type = "text/plain; charset=utf-8") {
  Headers headers;
  headers.Add("content-type", type);
  headers.Add("cache-control", "no-store");
  return headers;
}

}  // namespace

asio::awaitable<void> OpsHandler::Serve(Exchange* exchange) {
  const RequestHead& head = exchange->head;
  Reply& reply = *exchange->reply;
  if (head.method != "GET" && head.method != "HEAD") {
    const Refusal refusal = MethodNotAllowed(head.method, "GET, HEAD");
    Headers headers = Plain("application/json");
    headers.Add(refusal.headers);
    const std::string body = ErrorBody(refusal);
    std::ignore = co_await reply.Send(405, std::move(headers), body);
  } else if (head.path == "/livez") {
    std::ignore = co_await reply.Send(200, Plain(), "ok\n");
  } else if (head.path == "/readyz" || head.path == "/healthz" || head.path == "/health") {
    const std::string why = sources_.not_ready();
    const std::string body = why.empty() ? "ok\n" : "not ready: " + why + "\n";
    std::ignore = co_await reply.Send(why.empty() ? 200 : 503, Plain(), body);
  } else if (head.path == "/metrics") {
    const std::string body = sources_.metrics();
    Headers headers = Plain("text/plain; version=0.0.4; charset=utf-8");
    std::ignore = co_await reply.Send(200, std::move(headers), body);
  } else {
    const std::string body = ErrorBody(UnknownUrl(head.path));
    std::ignore = co_await reply.Send(404, Plain("application/json"), body);
  }
}

asio::awaitable<void> OpsHandler::Refuse(Exchange* exchange, absl::Status status) {
  const Refusal refusal = RefusalFor(status);
  const std::string body = ErrorBody(refusal);
  std::ignore =
      co_await exchange->reply->Send(refusal.http_status, Plain("application/json"), body);
}

}  // namespace weir::edge
