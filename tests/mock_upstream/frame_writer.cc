#include "tests/mock_upstream/frame_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::mock {
namespace {

constexpr std::string_view kLastChunk = "0\r\n\r\n";

// Ends the answer where `behaviour` has the connection cut.
void CutForDrop(const Behaviour& behaviour, size_t lead_end, Answer& answer) {
  if (behaviour.drop_before_answer) {
    answer = {};
    answer.drop = true;
    return;
  }
  if (!behaviour.drop_after_frames) return;
  const size_t kept =
      std::min(answer.frame_ends.size(), static_cast<size_t>(*behaviour.drop_after_frames));
  answer.body.resize(kept == 0 ? lead_end : answer.frame_ends[kept - 1]);
  answer.frame_ends.resize(kept);
  answer.drop = true;
}

}  // namespace

FrameWriter::FrameWriter(const Behaviour& behaviour) : behaviour_(behaviour) {
  if (behaviour.gzip) gzip_.emplace();
}

void FrameWriter::Event(std::string_view json, std::string_view name) {
  if (behaviour_.malformed_json) json = json.substr(0, json.size() / 2);
  if (name.empty()) return Text(json);
  Chunk(fmt::format("event: {}\ndata: {}\n\n", name, json));
}

void FrameWriter::Text(std::string_view data) { Chunk(fmt::format("data: {}\n\n", data)); }

void FrameWriter::Finish() {
  if (gzip_) HttpChunk(gzip_->Finish());
  out_ += kLastChunk;
}

void FrameWriter::HttpChunk(const std::string& bytes) {
  fmt::format_to(std::back_inserter(out_), "{:x}\r\n{}\r\n", bytes.size(), bytes);
}

AnswerPtr StreamAnswer(std::string body, std::vector<size_t> frame_ends, size_t lead_end,
                       Usage usage, const Behaviour& behaviour) {
  auto answer = std::make_shared<Answer>();
  answer->status = behaviour.status;
  answer->stream = true;
  answer->head = AnswerHead(behaviour.status, "text/event-stream; charset=utf-8", behaviour) +
                 "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n";
  answer->body = std::move(body);
  answer->frames_in_whole = frame_ends.size();
  answer->frame_ends = std::move(frame_ends);
  answer->usage = BookedUsage(usage, behaviour);
  CutForDrop(behaviour, lead_end, *answer);
  return answer;
}

}  // namespace weir::mock
