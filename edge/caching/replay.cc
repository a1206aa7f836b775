#include "edge/caching/replay.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <iterator>

#include "common/text/json_escape.h"
#include "edge/caching/chat_answer.h"
#include "edge/caching/replay_response.h"
#include "edge/caching/responses_answer.h"
#include "edge/caching/text_pieces.h"

namespace weir::edge {
namespace {

namespace dom = simdjson::dom;
using Events = std::vector<std::string>;

// Chunks of a chat's stream, which differ in their choices alone.
class ChatChunks {
 public:
  ChatChunks(const ChatAnswer& answer, bool usage_asked) {
    head_ = "data: {\"id\":";
    text::AppendJsonString(head_, answer.id);
    fmt::format_to(std::back_inserter(head_), R"(,"object":"chat.completion.chunk","created":{},)",
                   answer.created);
    AppendOrigin(answer, head_);
    head_.append(",\"choices\":[");
    // Who asked for the usage has the member in every chunk.
    tail_ = usage_asked ? "],\"usage\":null}\n\n" : "]}\n\n";
  }

  void AddDelta(std::string_view delta, std::string_view finish_reason = "null") {
    events_.push_back(
        fmt::format(R"({}{{"index":0,"delta":{{{}}},"logprobs":null,"finish_reason":{}}}{})", head_,
                    delta, finish_reason, tail_));
  }
  void AddText(std::string_view key, const std::optional<std::string_view>& text) {
    if (!text) return;
    for (const std::string_view each : TextPieces(*text)) {
      std::string delta = fmt::format("\"{}\":", key);
      text::AppendJsonString(delta, each);
      AddDelta(delta);
    }
  }
  void AddUsage(std::string_view usage) {
    events_.push_back(fmt::format("{}],\"usage\":{}}}\n\n", head_, usage));
  }
  Events Finish() && {
    events_.emplace_back("data: [DONE]\n\n");
    return std::move(events_);
  }

 private:
  std::string head_;
  std::string tail_;
  Events events_;
};

Events ChatStream(const ChatAnswer& answer, bool usage_asked) {
  ChatChunks chunks(answer, usage_asked);
  chunks.AddDelta(R"("role":"assistant","content":"","refusal":null)");
  chunks.AddText("reasoning_content", answer.reasoning_content);
  chunks.AddText("reasoning", answer.reasoning);
  chunks.AddText("content", answer.content);
  chunks.AddText("refusal", answer.refusal);
  chunks.AddDelta("", "\"stop\"");
  if (usage_asked && !answer.usage.empty()) chunks.AddUsage(answer.usage);
  return std::move(chunks).Finish();
}

absl::Status NoRecording() {
  return status::InvalidArgument("replaying an answer: its recording is of another kind");
}

// `body` as a document. Views of it are good until the thread's next call.
simdjson::simdjson_result<dom::element> Parse(std::string_view body) {
  static thread_local dom::parser parser;
  return parser.parse(body.data(), body.size(), true);
}

absl::StatusOr<ChatAnswer> ReadChat(dom::element root, const Replay& replay) {
  std::optional<ChatAnswer> answer = ReadChatAnswer(root);
  if (!answer) return NoRecording();
  answer->id = replay.id;
  answer->created = replay.created;
  return *std::move(answer);
}

}  // namespace

std::string NewAnswerId(routing::v1::ApiKind kind, Random& random) {
  return (kind == routing::v1::API_KIND_RESPONSES ? "resp_" : "chatcmpl-") +
         RandomBase62(random, 32);
}

absl::StatusOr<std::string> ReplayWhole(std::string_view body, const Replay& replay) {
  dom::element root;
  if (Parse(body).get(root) != simdjson::SUCCESS) return NoRecording();
  if (replay.kind == routing::v1::API_KIND_RESPONSES) {
    if (!IsRecordableResponse(root)) return NoRecording();
    return Retell(root.get_object().value_unsafe(),
                  {.id = replay.id, .created = replay.created, .request = replay.request})
        .Write();
  }
  WEIR_ASSIGN_OR_RETURN(const ChatAnswer answer, ReadChat(root, replay));
  return WriteChatAnswer(answer);
}

absl::StatusOr<Events> ReplayStream(std::string_view body, const Replay& replay) {
  dom::element root;
  if (Parse(body).get(root) != simdjson::SUCCESS) return NoRecording();
  if (replay.kind == routing::v1::API_KIND_RESPONSES) {
    if (!IsRecordableResponse(root)) return NoRecording();
    return ResponseStream(root.get_object().value_unsafe(),
                          {.id = replay.id, .created = replay.created, .request = replay.request});
  }
  WEIR_ASSIGN_OR_RETURN(const ChatAnswer answer, ReadChat(root, replay));
  return ChatStream(answer, replay.usage_asked);
}

}  // namespace weir::edge
