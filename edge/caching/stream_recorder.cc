#include "edge/caching/stream_recorder.h"

#include <fmt/format.h>

#include "edge/caching/recorded_answer.h"
#include "edge/dialects/openai/answer_usage.h"

namespace weir::edge {
namespace {

namespace dom = simdjson::dom;

// An event, and what of it is no answer.
constexpr size_t kLargestEvent = 2 * kLargestRecording;
constexpr std::string_view kCompleted = "response.completed";

int64_t PromptTokens(const common::v1::Usage& usage) {
  return openai::TotalTokens(usage) - openai::OutputTokens(usage);
}

// As the chunk with the usage has it.
std::string UsageJson(const common::v1::Usage& usage) {
  return fmt::format(R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},)"
                     R"("prompt_tokens_details":{{"cached_tokens":{},"audio_tokens":{}}},)"
                     R"("completion_tokens_details":{{"reasoning_tokens":{},"audio_tokens":{}}}}})",
                     PromptTokens(usage), openai::OutputTokens(usage), openai::TotalTokens(usage),
                     usage.cache_read_tokens(), usage.audio_input_tokens(),
                     usage.reasoning_tokens(), usage.audio_output_tokens());
}

}  // namespace

StreamRecorder::StreamRecorder(routing::v1::ApiKind kind)
    : kind_(kind),
      splitter_(kLargestEvent, [this](std::string_view data) { Event(data); }),
      chat_(kLargestRecording),
      is_hopeless_(RecordingKind(kind).empty()) {}

void StreamRecorder::Feed(std::string_view piece) {
  if (is_hopeless_) return;
  if (!splitter_.Feed(piece) || chat_.is_hopeless()) is_hopeless_ = true;
}

void StreamRecorder::Event(std::string_view data) {
  if (kind_ == routing::v1::API_KIND_CHAT) {
    chat_.Event(data);
  } else {
    ResponseEvent(data);
  }
}

// The last event has all of the answer: only what may be it is read.
void StreamRecorder::ResponseEvent(std::string_view data) {
  if (response_ || is_hopeless_ || data.find(kCompleted) == std::string_view::npos) return;
  static thread_local dom::parser parser;
  dom::element root;
  std::string_view type;
  dom::element response;
  if (parser.parse(data.data(), data.size(), true).get(root) != simdjson::SUCCESS ||
      root["type"].get(type) != simdjson::SUCCESS || type != kCompleted) {
    return;
  }
  if (root["response"].get(response) == simdjson::SUCCESS) {
    response_ = RecordWhole(kind_, simdjson::minify(response));
  }
  is_hopeless_ = !response_;
}

std::optional<std::string> StreamRecorder::Finish(
    const std::optional<common::v1::Usage>& usage) const {
  if (is_hopeless_) return std::nullopt;
  if (kind_ != routing::v1::API_KIND_CHAT) return response_;
  const std::optional<std::string> whole = chat_.Finish(usage ? UsageJson(*usage) : "");
  if (!whole) return std::nullopt;
  return RecordWhole(kind_, *whole);
}

}  // namespace weir::edge
