#include "tests/mock_upstream/chat_answer.h"

#include <fmt/format.h>

#include <array>

#include "tests/mock_upstream/gzip.h"
#include "tests/mock_upstream/json_text.h"
#include "tests/mock_upstream/words.h"

namespace weir::mock {
namespace {

constexpr std::string_view kToolArguments = R"({"city":"Paris"})";
constexpr std::string_view kToolCallId = "call_mock777";
constexpr std::string_view kLastChunk = "0\r\n\r\n";
constexpr std::string_view kDone = "[DONE]";

// The frames of one stream: every event is one HTTP chunk, so that a reader sees it by itself.
class FrameWriter {
 public:
  FrameWriter(const ChatReply& reply, const Behaviour& behaviour, bool with_usage)
      : behaviour_(behaviour),
        before_delta_(fmt::format(
            R"({{"id":{},"object":"chat.completion.chunk","created":{},"model":{},"choices":)",
            Json(reply.id), reply.created, Json(reply.model))),
        after_choices_(with_usage ? R"(,"usage":null})" : "}") {
    if (behaviour.gzip) gzip_.emplace();
  }

  void Delta(std::string_view delta, std::string_view finish_reason = "null") {
    Event(fmt::format(R"({}[{{"index":0,"delta":{},"logprobs":null,"finish_reason":{}}}]{})",
                      before_delta_, delta, finish_reason, after_choices_));
  }
  void LastUsage(std::string_view usage) {
    Event(fmt::format(R"({}[],"usage":{}}})", before_delta_, usage));
  }
  void Done() {
    Chunk(fmt::format("data: {}\n\n", kDone));
    if (gzip_) HttpChunk(gzip_->Finish());
    out_ += kLastChunk;
  }

  size_t size() const { return out_.size(); }
  std::string Take() { return std::move(out_); }

 private:
  void Event(std::string_view json) {
    if (behaviour_.malformed_json) json = json.substr(0, json.size() / 2);
    Chunk(fmt::format("data: {}\n\n", json));
  }
  void Chunk(const std::string& text) { HttpChunk(gzip_ ? gzip_->Add(text) : text); }
  void HttpChunk(const std::string& bytes) {
    fmt::format_to(std::back_inserter(out_), "{:x}\r\n{}\r\n", bytes.size(), bytes);
  }

  const Behaviour& behaviour_;
  const std::string before_delta_, after_choices_;
  std::optional<GzipEncoder> gzip_;  // Dear to make; hardly ever needed.
  std::string out_;
};

std::string Message(const ChatReply& reply) {
  if (reply.tool.empty()) return fmt::format(R"("content":{})", Json(reply.text));
  return fmt::format(R"("content":null,"tool_calls":[{{"id":"{}","type":"function","function":)"
                     R"({{"name":{},"arguments":{}}}}}])",
                     kToolCallId, Json(reply.tool), Json(kToolArguments));
}

std::string RoleDelta(const ChatReply& reply) {
  if (reply.tool.empty()) return R"({"role":"assistant","content":""})";
  return fmt::format(R"({{"role":"assistant","content":null,"tool_calls":[{{"index":0,"id":"{}",)"
                     R"("type":"function","function":{{"name":{},"arguments":""}}}}]}})",
                     kToolCallId, Json(reply.tool));
}

std::vector<std::string> ContentDeltas(const ChatReply& reply, const Behaviour& behaviour) {
  std::vector<std::string> deltas;
  if (reply.tool.empty()) {
    for (std::string_view piece : SplitIntoFrames(reply.text, behaviour.frames)) {
      deltas.push_back(fmt::format(R"({{"content":{}}})", Json(piece)));
    }
    return deltas;
  }
  for (std::string_view piece : SplitIntoFrames(kToolArguments, behaviour.frames.value_or(4))) {
    deltas.push_back(fmt::format(
        R"({{"tool_calls":[{{"index":0,"function":{{"arguments":{}}}}}]}})", Json(piece)));
  }
  return deltas;
}

// Ends the answer where `behaviour` has the connection cut.
void CutForDrop(const Behaviour& behaviour, size_t role_end, Answer& answer) {
  if (behaviour.drop_before_answer) {
    answer = {};
    answer.drop = true;
    return;
  }
  if (!behaviour.drop_after_frames) return;
  const size_t kept =
      std::min(answer.frame_ends.size(), static_cast<size_t>(*behaviour.drop_after_frames));
  answer.body.resize(kept == 0 ? role_end : answer.frame_ends[kept - 1]);
  answer.frame_ends.resize(kept);
  answer.drop = true;
}

}  // namespace

AnswerPtr JsonChatAnswer(const ChatReply& reply, const Behaviour& behaviour) {
  const std::string usage =
      behaviour.omit_usage ? ""
                           : fmt::format(R"(,"usage":{})", UsageJson(reply.usage, behaviour, true));
  std::string body = fmt::format(
      R"({{"id":{},"object":"chat.completion","created":{},"model":{},"choices":[{{"index":0,)"
      R"("message":{{"role":"assistant",{}}},"finish_reason":"{}"}}]{}}})",
      Json(reply.id), reply.created, Json(reply.model), Message(reply), reply.finish_reason, usage);
  return WholeAnswer(behaviour.status, std::move(body), BookedUsage(reply.usage, behaviour),
                     behaviour);
}

AnswerPtr StreamChatAnswer(const ChatReply& reply, const Behaviour& behaviour, bool include_usage) {
  const bool usage = include_usage && !behaviour.omit_usage && !behaviour.omit_stream_usage;
  auto answer = std::make_shared<Answer>();
  FrameWriter frames(reply, behaviour, usage);
  frames.Delta(RoleDelta(reply));
  const size_t role_end = frames.size();
  for (const std::string& delta : ContentDeltas(reply, behaviour)) {
    frames.Delta(delta);
    answer->frame_ends.push_back(frames.size());
  }
  frames.Delta("{}", Json(reply.finish_reason));
  if (usage) frames.LastUsage(UsageJson(reply.usage, behaviour, true));
  frames.Done();

  answer->status = behaviour.status;
  answer->stream = true;
  answer->head = AnswerHead(behaviour.status, "text/event-stream; charset=utf-8", behaviour) +
                 "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n";
  answer->body = frames.Take();
  answer->frames_in_whole = answer->frame_ends.size();
  answer->usage = BookedUsage(reply.usage, behaviour);
  CutForDrop(behaviour, role_end, *answer);
  return answer;
}

}  // namespace weir::mock
