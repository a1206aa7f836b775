#include "edge/admin/door.h"

#include <absl/cleanup/cleanup.h>

#include <utility>

#include "common/text/excerpt.h"
#include "edge/admin/connect_error.h"
#include "edge/admin/transcode.h"

namespace weir::edge {
namespace {

namespace pb = google::protobuf;

constexpr int kMostCalls = 256;
// Longer texts would hold up the loop.
constexpr size_t kLongText = 16 * 1024;

using Transcode = absl::StatusOr<std::string> (*)(const pb::Descriptor&, const std::string&);

asio::awaitable<absl::StatusOr<std::string>> Translate(WorkerPool* workers, Transcode transcode,
                                                       const pb::Descriptor* type,
                                                       std::string text) {
  if (text.size() < kLongText) co_return transcode(*type, text);
  auto work = [transcode, type, owned = std::move(text)] { return transcode(*type, owned); };
  co_return co_await RunOn(*workers, std::move(work));
}

// Of a request that is no HTTP that we take.
int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOutOfRange:
      return 413;
    case absl::StatusCode::kDeadlineExceeded:
      return 408;
    case absl::StatusCode::kUnimplemented:
      return 415;
    default:
      return 400;
  }
}

absl::Status NoSuchMethod(std::string_view path) {
  return status::Unimplemented("there is no method '{}'", text::Excerpt(path, 200));
}

}  // namespace

Door::Door(const Deps& deps)
    : workers_(deps.workers),
      requests_(deps.metrics.NewCounterFamily("weir_door_requests_total",
                                              "Requests to the admin door, as they were answered.",
                                              {"code"})) {
  for (const Backend& each : deps.backends) {
    for (int i = 0; i < each.service->method_count(); ++i) {
      const pb::MethodDescriptor* method = each.service->method(i);
      methods_.emplace(fmt::format("/{}/{}", each.service->full_name(), method->name()),
                       Method{.descriptor = method, .caller = &each.caller});
    }
  }
}

asio::awaitable<void> Door::Serve(Exchange* exchange) {
  const bool preflight = exchange->head.method == "OPTIONS";
  Answer answer = co_await AnswerTo(exchange);
  answer.headers.Add(CrossOriginHeaders(rules_, exchange->head, preflight));
  co_await Send(exchange, std::move(answer));
}

asio::awaitable<void> Door::Refuse(Exchange* exchange, absl::Status status) {
  Answer answer{.http_status = HttpStatusOf(status.code()), .status = std::move(status)};
  co_await Send(exchange, std::move(answer));
}

asio::awaitable<Door::Answer> Door::AnswerTo(Exchange* exchange) {
  const RequestHead& head = exchange->head;
  const auto refused = [](DoorRefusal refusal) {
    return Answer{.http_status = refusal.http_status,
                  .status = std::move(refusal.status),
                  .headers = std::move(refusal.headers)};
  };
  const auto failed = [](absl::Status status) {
    return Answer{.http_status = ConnectHttpStatus(status.code()), .status = std::move(status)};
  };
  if (auto refusal = CheckCaller(rules_, head)) co_return refused(*std::move(refusal));
  if (head.method == "OPTIONS") co_return Answer{.http_status = 204};
  if (auto refusal = CheckForm(head)) co_return refused(*std::move(refusal));
  const auto method = methods_.find(std::string(head.path));
  if (method == methods_.end()) {
    co_return Answer{.http_status = 404, .status = NoSuchMethod(head.path)};
  }
  absl::StatusOr<Duration> timeout = TimeoutOf(head);
  if (!timeout.ok()) co_return failed(timeout.status());
  absl::StatusOr<std::string> authorization = AuthorizationOf(head);
  if (!authorization.ok()) co_return failed(authorization.status());
  if (under_way_ >= kMostCalls) co_return failed(status::Unavailable("the door is overloaded"));

  api::UnaryCall call{.method = method->first.substr(1),
                      .authorization = *std::move(authorization),
                      .timeout = *timeout};
  absl::StatusOr<std::string> json = co_await Call(method->second, exchange->body, std::move(call));
  if (!json.ok()) co_return failed(json.status());
  co_return Answer{.body = *std::move(json)};
}

asio::awaitable<absl::StatusOr<std::string>> Door::Call(Method method, std::string_view body,
                                                        api::UnaryCall call) {
  ++under_way_;
  const absl::Cleanup leave = [this] { --under_way_; };
  const pb::Descriptor* input = method.descriptor->input_type();
  absl::StatusOr<std::string> request =
      co_await Translate(&workers_, &JsonToWire, input, std::string(body));
  if (!request.ok()) co_return request.status();
  call.request = *std::move(request);
  absl::StatusOr<std::string> answer = co_await method.caller->Call(std::move(call));
  if (!answer.ok()) co_return answer.status();
  const pb::Descriptor* output = method.descriptor->output_type();
  co_return co_await Translate(&workers_, &WireToJson, output, *std::move(answer));
}

asio::awaitable<void> Door::Send(Exchange* exchange, Answer answer) {
  requests_.With({ConnectCode(answer.status.code())}).Add();
  Headers headers = {{"cache-control", "no-store"}, {"x-content-type-options", "nosniff"}};
  if (answer.http_status != 204) headers.Add("content-type", "application/json");
  if (answer.http_status == 401) headers.Add("www-authenticate", "Bearer");
  headers.Add(answer.headers);
  const std::string body =
      answer.status.ok() ? std::move(answer.body) : ConnectErrorBody(answer.status);
  std::ignore = co_await exchange->reply->Send(answer.http_status, std::move(headers), body);
}

}  // namespace weir::edge
