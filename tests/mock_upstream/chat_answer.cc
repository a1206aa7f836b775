#include "tests/mock_upstream/chat_answer.h"

#include <fmt/format.h>

#include "tests/mock_upstream/frame_writer.h"
#include "tests/mock_upstream/json_text.h"
#include "tests/mock_upstream/words.h"

namespace weir::mock {
namespace {

constexpr std::string_view kToolArguments = R"({"city":"Paris"})";
constexpr std::string_view kToolCallId = "call_mock777";

// The frames of one stream.
class ChatFrames {
 public:
  ChatFrames(const ChatReply& reply, const Behaviour& behaviour, bool with_usage)
      : before_delta_(fmt::format(
            R"({{"id":{},"object":"chat.completion.chunk","created":{},"model":{},"choices":)",
            Json(reply.id), reply.created, Json(reply.model))),
        after_choices_(with_usage ? R"(,"usage":null})" : "}"),
        frames_(behaviour) {}

  void Delta(std::string_view delta, std::string_view finish_reason = "null") {
    frames_.Event(
        fmt::format(R"({}[{{"index":0,"delta":{},"logprobs":null,"finish_reason":{}}}]{})",
                    before_delta_, delta, finish_reason, after_choices_));
  }
  void LastUsage(std::string_view usage) {
    frames_.Event(fmt::format(R"({}[],"usage":{}}})", before_delta_, usage));
  }
  void Done() {
    frames_.Text("[DONE]");
    frames_.Finish();
  }

  size_t size() const { return frames_.size(); }
  std::string Take() { return frames_.Take(); }

 private:
  const std::string before_delta_, after_choices_;
  FrameWriter frames_;
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
  ChatFrames frames(reply, behaviour, usage);
  frames.Delta(RoleDelta(reply));
  const size_t role_end = frames.size();
  std::vector<size_t> ends;
  for (const std::string& delta : ContentDeltas(reply, behaviour)) {
    frames.Delta(delta);
    ends.push_back(frames.size());
  }
  frames.Delta("{}", Json(reply.finish_reason));
  if (usage) frames.LastUsage(UsageJson(reply.usage, behaviour, true));
  frames.Done();
  return StreamAnswer(frames.Take(), std::move(ends), role_end, reply.usage, behaviour);
}

}  // namespace weir::mock
