#include "edge/http/ops_handler.h"

#include "edge/http/error_body.h"

namespace weir::edge {
namespace {

Headers Uncached(std::string_view content_type) {
  Headers headers;
  headers.Add("content-type", content_type);
  headers.Add("cache-control", "no-store");
  return headers;
}

}  // namespace

asio::awaitable<void> OpsHandler::Serve(Exchange* exchange) {
  const RequestHead& head = exchange->head;
  const http::OpsAnswer answer = http::AnswerOps(sources_, head.method, head.path);
  Headers headers = Uncached(answer.content_type);
  if (!answer.allow.empty()) headers.Add("allow", answer.allow);
  std::ignore = co_await exchange->reply->Send(answer.status, std::move(headers), answer.body);
}

asio::awaitable<void> OpsHandler::Refuse(Exchange* exchange, absl::Status status) {
  const Refusal refusal = RefusalFor(status);
  const std::string body = ErrorBody(refusal);
  std::ignore =
      co_await exchange->reply->Send(refusal.http_status, Uncached("application/json"), body);
}

}  // namespace weir::edge
