#include "tests/mock_upstream/responses_answer.h"

#include <fmt/format.h>

#include <utility>

#include "tests/mock_upstream/frame_writer.h"
#include "tests/mock_upstream/json_text.h"
#include "tests/mock_upstream/words.h"

namespace weir::mock {
namespace {

constexpr std::string_view kToolArguments = R"({"city":"Paris"})";
constexpr std::string_view kResponseId = "resp_mock777";
constexpr std::string_view kMessageId = "msg_mock777";
constexpr std::string_view kCallItemId = "fc_mock777";
constexpr std::string_view kCallId = "call_mock777";

bool IsCut(const ChatReply& reply) { return reply.finish_reason == "length"; }

std::string UsageOf(const ChatReply& reply, const Behaviour& behaviour, bool omit) {
  if (omit) return "null";
  const Usage reported = BookedUsage(reply.usage, behaviour);
  int64_t total = reported.prompt + reported.completion;
  std::string_view others;
  if (behaviour.usage && !behaviour.zero_usage) {
    total = behaviour.usage->total.value_or(total);
    others = behaviour.usage->other_members;
  }
  return fmt::format(R"({{"input_tokens":{},"output_tokens":{},"total_tokens":{}{}}})",
                     reported.prompt, reported.completion, total, others);
}

std::string Part(std::string_view text) {
  return fmt::format(R"({{"type":"output_text","text":{},"annotations":[]}})", Json(text));
}

// The one item of the output: a message, or a call of a function. `text` is what it says so far.
std::string Item(const ChatReply& reply, std::string_view status, std::string_view text) {
  if (!reply.tool.empty()) {
    return fmt::format(R"({{"id":"{}","type":"function_call","status":"{}","call_id":"{}",)"
                       R"("name":{},"arguments":{}}})",
                       kCallItemId, status, kCallId, Json(reply.tool), Json(text));
  }
  const std::string content = status == "in_progress" ? "" : Part(text);
  return fmt::format(
      R"({{"id":"{}","type":"message","status":"{}","role":"assistant","content":[{}]}})",
      kMessageId, status, content);
}

std::string_view Said(const ChatReply& reply) {
  return reply.tool.empty() ? std::string_view(reply.text) : kToolArguments;
}

std::string Response(const ChatReply& reply, std::string_view status, std::string_view output,
                     std::string_view usage) {
  return fmt::format(
      R"({{"id":"{}","object":"response","created_at":{},"status":"{}","error":null,)"
      R"("incomplete_details":{},"instructions":null,"model":{},"output":[{}],)"
      R"("parallel_tool_calls":true,"tool_choice":"auto","tools":[],"usage":{},"metadata":{{}}}})",
      kResponseId, reply.created, status,
      status == "incomplete" ? R"({"reason":"max_output_tokens"})" : "null", Json(reply.model),
      output, usage);
}

std::string WholeResponse(const ChatReply& reply, std::string_view usage) {
  const std::string_view status = IsCut(reply) ? "incomplete" : "completed";
  return Response(reply, status, Item(reply, status, Said(reply)), usage);
}

// The events of one stream.
class TypedFrames {
 public:
  explicit TypedFrames(const Behaviour& behaviour) : frames_(behaviour) {}

  // `members` come behind the type and the number.
  void Event(std::string_view type, std::string_view members) {
    frames_.Event(
        fmt::format(R"({{"type":"{}","sequence_number":{},{}}})", type, sequence_++, members),
        type);
  }
  void OfResponse(std::string_view type, std::string_view response) {
    Event(type, fmt::format(R"("response":{})", response));
  }
  void OfItem(std::string_view type, std::string_view item) {
    Event(type, fmt::format(R"("output_index":0,"item":{})", item));
  }

  size_t size() const { return frames_.size(); }
  std::string Take() {
    frames_.Finish();
    return frames_.Take();
  }

 private:
  FrameWriter frames_;
  int64_t sequence_ = 0;
};

// Which item, and which of its parts, an event is about.
std::string Place(const ChatReply& reply) {
  if (!reply.tool.empty()) return fmt::format(R"("item_id":"{}","output_index":0)", kCallItemId);
  return fmt::format(R"("item_id":"{}","output_index":0,"content_index":0)", kMessageId);
}

void Lead(const ChatReply& reply, TypedFrames& frames) {
  const std::string begun = Response(reply, "in_progress", "", "null");
  frames.OfResponse("response.created", begun);
  frames.OfResponse("response.in_progress", begun);
  frames.OfItem("response.output_item.added", Item(reply, "in_progress", ""));
  if (!reply.tool.empty()) return;
  frames.Event("response.content_part.added",
               fmt::format(R"({},"part":{})", Place(reply), Part("")));
}

std::vector<size_t> Deltas(const ChatReply& reply, const Behaviour& behaviour,
                           TypedFrames& frames) {
  const bool call = !reply.tool.empty();
  const std::optional<int64_t> pieces =
      call ? std::optional(behaviour.frames.value_or(4)) : behaviour.frames;
  std::vector<size_t> ends;
  for (const std::string_view piece : SplitIntoFrames(Said(reply), pieces)) {
    frames.Event(call ? "response.function_call_arguments.delta" : "response.output_text.delta",
                 fmt::format(R"({},"delta":{})", Place(reply), Json(piece)));
    ends.push_back(frames.size());
  }
  return ends;
}

void Close(const ChatReply& reply, std::string_view usage, TypedFrames& frames) {
  const std::string place = Place(reply);
  if (reply.tool.empty()) {
    frames.Event("response.output_text.done",
                 fmt::format(R"({},"text":{})", place, Json(reply.text)));
    frames.Event("response.content_part.done",
                 fmt::format(R"({},"part":{})", place, Part(reply.text)));
  } else {
    frames.Event("response.function_call_arguments.done",
                 fmt::format(R"({},"arguments":{})", place, Json(kToolArguments)));
  }
  const bool cut = IsCut(reply);
  frames.OfItem("response.output_item.done",
                Item(reply, cut ? "incomplete" : "completed", Said(reply)));
  frames.OfResponse(cut ? "response.incomplete" : "response.completed",
                    WholeResponse(reply, usage));
}

}  // namespace

AnswerPtr JsonResponsesAnswer(const ChatReply& reply, const Behaviour& behaviour) {
  return WholeAnswer(behaviour.status,
                     WholeResponse(reply, UsageOf(reply, behaviour, behaviour.omit_usage)),
                     BookedUsage(reply.usage, behaviour), behaviour);
}

AnswerPtr StreamResponsesAnswer(const ChatReply& reply, const Behaviour& behaviour) {
  TypedFrames frames(behaviour);
  Lead(reply, frames);
  const size_t lead_end = frames.size();
  std::vector<size_t> ends = Deltas(reply, behaviour, frames);
  Close(reply, UsageOf(reply, behaviour, behaviour.omit_usage || behaviour.omit_stream_usage),
        frames);
  return StreamAnswer(frames.Take(), std::move(ends), lead_end, reply.usage, behaviour);
}

}  // namespace weir::mock
