#include "edge/caching/recorded_answer.h"

#include <simdjson.h>

#include "edge/caching/chat_answer.h"
#include "edge/caching/responses_answer.h"

namespace weir::edge {
namespace {

namespace dom = simdjson::dom;

// What an answer may be larger than its recording: white space, members that are left out.
constexpr size_t kLargestBody = 8 * kLargestRecording;

std::optional<std::string> RecordChat(dom::element root) {
  const std::optional<ChatAnswer> answer = ReadChatAnswer(root);
  if (!answer) return std::nullopt;
  return WriteChatAnswer(*answer);
}

std::optional<std::string> RecordResponse(dom::element root) {
  if (!IsRecordableResponse(root)) return std::nullopt;
  return WriteResponseRecording(root.get_object().value_unsafe());
}

}  // namespace

std::string_view RecordingKind(routing::v1::ApiKind kind) {
  switch (kind) {
    case routing::v1::API_KIND_CHAT:
      return "chat";
    case routing::v1::API_KIND_RESPONSES:
      return "responses";
    default:
      return "";
  }
}

std::optional<std::string> RecordWhole(routing::v1::ApiKind kind, std::string_view body) {
  static thread_local dom::parser parser;
  dom::element root;
  if (RecordingKind(kind).empty() || body.size() > kLargestBody ||
      parser.parse(body.data(), body.size(), true).get(root) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  std::optional<std::string> recorded =
      kind == routing::v1::API_KIND_CHAT ? RecordChat(root) : RecordResponse(root);
  if (recorded && recorded->size() > kLargestRecording) recorded.reset();
  return recorded;
}

}  // namespace weir::edge
