#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "tests/mock_upstream/answer.h"
#include "tests/mock_upstream/behaviour.h"
#include "tests/mock_upstream/gzip.h"

namespace weir::mock {

// The server-sent events of one stream: each is one HTTP chunk, so that a reader sees it by itself.
class FrameWriter {
 public:
  // `behaviour` must outlive the writer.
  explicit FrameWriter(const Behaviour& behaviour);

  // An event of some JSON, cut in half where the behaviour says so. `name` empty: no event line.
  void Event(std::string_view json, std::string_view name = {});
  // Data as it is.
  void Text(std::string_view data);
  // The end of the body. Nothing may be written behind it.
  void Finish();

  size_t size() const { return out_.size(); }
  std::string Take() { return std::move(out_); }

 private:
  void Chunk(const std::string& text) { HttpChunk(gzip_ ? gzip_->Add(text) : text); }
  void HttpChunk(const std::string& bytes);

  const Behaviour& behaviour_;
  std::optional<GzipEncoder> gzip_;  // Dear to make; hardly ever needed.
  std::string out_;
};

// The answer with this body, which a FrameWriter has written and whose content frames end at
// `frame_ends`. `usage` as counted. Ends where `behaviour` has the connection cut: without a
// content frame, at `lead_end`.
AnswerPtr StreamAnswer(std::string body, std::vector<size_t> frame_ends, size_t lead_end,
                       Usage usage, const Behaviour& behaviour);

}  // namespace weir::mock
