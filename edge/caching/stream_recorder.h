#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edge/caching/chat_recorder.h"
#include "edge/caching/sse_splitter.h"
#include "weir/common/v1/usage.pb.h"
#include "weir/routing/v1/routing.pb.h"

namespace weir::edge {

// Records a streamed answer as it passes: what comes out is what RecordWhole makes of the same
// answer not streamed. Any split into pieces gives the same; whole events are the fast case. Keeps
// at most about twice kLargestRecording. One for each stream, not thread-safe.
class StreamRecorder {
 public:
  explicit StreamRecorder(routing::v1::ApiKind kind);

  // What goes on to the client before placeholders are restored.
  void Feed(std::string_view piece);

  // There will be no recording, whatever comes: nothing needs to be fed any more.
  bool is_hopeless() const { return is_hopeless_; }

  // Recording.body. Nothing where the stream did not end as its kind ends (data: [DONE], or
  // response.completed), or it is not to be given a second time. `usage` is what was spent, for a
  // chat whose chunk with the usage was not fed.
  std::optional<std::string> Finish(const std::optional<common::v1::Usage>& usage) const;

 private:
  void Event(std::string_view data);
  void ResponseEvent(std::string_view data);

  const routing::v1::ApiKind kind_;
  SseSplitter splitter_;
  ChatRecorder chat_;
  std::optional<std::string> response_;  // Its recording.
  bool is_hopeless_ = false;
};

}  // namespace weir::edge
