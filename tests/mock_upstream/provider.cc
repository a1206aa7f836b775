#include "tests/mock_upstream/provider.h"

#include <fmt/format.h>

#include <boost/beast/http/verb.hpp>

#include "tests/mock_upstream/chat_answer.h"
#include "tests/mock_upstream/embeddings_answer.h"
#include "tests/mock_upstream/responses_answer.h"

namespace weir::mock {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view kChat = "/v1/chat/completions";
constexpr std::string_view kResponses = "/v1/responses";
constexpr std::string_view kEmbeddings = "/v1/embeddings";
constexpr std::string_view kModels = "/v1/models";
constexpr unsigned kHttp11 = 11;

constexpr std::string_view kModelsJson =
    R"({"object":"list","data":[)"
    R"({"id":"gpt-4o-mini","object":"model","created":1700000000,"owned_by":"mock"},)"
    R"({"id":"text-embedding-3-small","object":"model","created":1700000000,"owned_by":"mock"}]})";

std::string_view Path(boost::beast::string_view target) {
  const std::string_view text(target.data(), target.size());
  return text.substr(0, text.find('?'));
}

AnswerPtr WrongMethod(std::string_view allowed) {
  auto answer = std::make_shared<Answer>(
      *ErrorAnswer(405, fmt::format("Only {} is allowed here.", allowed), "method_not_allowed"));
  answer->head += fmt::format("Allow: {}\r\n", allowed);
  return answer;
}

AnswerPtr Faulty(int status) {
  return ErrorAnswer(status,
                     "The request is no HTTP/1.1 request within the bounds of this server.");
}

AnswerPtr WantsHttp11() { return ErrorAnswer(400, "A stream wants HTTP/1.1."); }

Provider::Reply BadRequest(const absl::Status& status) {
  const auto message = status.message();
  return {.answer = ErrorAnswer(400, {message.data(), message.size()})};
}

}  // namespace

Provider::Provider(std::string api_key, Behaviours& behaviours)
    : authorization_(api_key.empty() ? "" : "Bearer " + api_key), behaviours_(behaviours) {}

AnswerPtr Provider::Refusal(const RequestParser& request) const {
  const auto& message = request.message();
  if (!authorization_.empty() && (message.count(http::field::authorization) != 1 ||
                                  message[http::field::authorization] != authorization_)) {
    return ErrorAnswer(401, "Incorrect API key provided.", "invalid_api_key");
  }
  const auto encoding = message[http::field::content_encoding];
  if (!encoding.empty() && !boost::beast::iequals(encoding, "identity")) {
    return ErrorAnswer(415, "Encoded request bodies are not supported.");
  }
  return nullptr;
}

Provider::Reply Provider::Respond(const RequestParser& request, std::string_view buffered,
                                  simdjson::dom::parser& json) const {
  if (request.fault() != 0) return {.answer = Faulty(request.fault())};
  const auto& message = request.message();
  const std::string_view path = Path(message.target());
  const bool is_post_path = path == kChat || path == kResponses || path == kEmbeddings;
  if (!is_post_path && path != kModels) {
    return {.answer =
                ErrorAnswer(404, fmt::format("Unknown request URL: {}.", path), "unknown_url")};
  }
  const http::verb wanted = is_post_path ? http::verb::post : http::verb::get;
  if (message.method() != wanted) return {.answer = WrongMethod(is_post_path ? "POST" : "GET")};
  if (AnswerPtr refusal = Refusal(request)) return {.answer = std::move(refusal)};
  if (path == kModels) {
    return {.answer = WholeAnswer(200, std::string(kModelsJson), {}, Behaviour())};
  }
  const std::string_view body = request.body(buffered);
  if (path == kResponses) return Responses(body, message.version(), json);
  return path == kChat ? Chat(body, message.version(), json) : Embeddings(body, json);
}

Provider::Reply Provider::Chat(std::string_view body, unsigned version,
                               simdjson::dom::parser& json) const {
  absl::StatusOr<ChatRequest> chat = ParseChatRequest(json, body);
  if (!chat.ok()) return BadRequest(chat.status());
  if (chat->stream && version < kHttp11) return {.answer = WantsHttp11()};
  Reply reply{.behaviour = behaviours_.Take(chat->model), .model = std::string(chat->model)};
  reply.answer = ChatAnswer(*chat, *reply.behaviour);
  return reply;
}

Provider::Reply Provider::Responses(std::string_view body, unsigned version,
                                    simdjson::dom::parser& json) const {
  absl::StatusOr<ChatRequest> request = ParseResponsesRequest(json, body);
  if (!request.ok()) return BadRequest(request.status());
  if (request->stream && version < kHttp11) return {.answer = WantsHttp11()};
  Reply reply{.behaviour = behaviours_.Take(request->model), .model = std::string(request->model)};
  const ActiveBehaviour& active = *reply.behaviour;
  if (active.error) {
    reply.answer = active.error;
    return reply;
  }
  const ChatReply said = ReplyTo(*request, active.behaviour, behaviours_.fixed());
  reply.answer = request->stream ? StreamResponsesAnswer(said, active.behaviour)
                                 : JsonResponsesAnswer(said, active.behaviour);
  return reply;
}

AnswerPtr Provider::ChatAnswer(const ChatRequest& chat, const ActiveBehaviour& active) const {
  if (active.error) return active.error;
  const Behaviour& behaviour = active.behaviour;
  if (active.fixed_json && chat.tool.empty()) {
    if (!chat.stream) return active.fixed_json;
    return chat.include_usage ? active.fixed_stream_with_usage : active.fixed_stream;
  }
  const ChatReply reply = ReplyTo(chat, behaviour, behaviours_.fixed());
  return chat.stream ? StreamChatAnswer(reply, behaviour, chat.include_usage)
                     : JsonChatAnswer(reply, behaviour);
}

Provider::Reply Provider::Embeddings(std::string_view body, simdjson::dom::parser& json) const {
  absl::StatusOr<EmbeddingsRequest> request = ParseEmbeddingsRequest(json, body);
  if (!request.ok()) return BadRequest(request.status());
  Reply reply{.behaviour = behaviours_.Take(request->model), .model = std::string(request->model)};
  const ActiveBehaviour& active = *reply.behaviour;
  reply.answer = active.error ? active.error : EmbeddingsAnswer(*request, active.behaviour);
  return reply;
}

}  // namespace weir::mock
