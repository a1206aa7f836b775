#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/async/asio.h"
#include "edge/caching/stream_recorder.h"
#include "edge/dialects/texts/stream_restorer.h"
#include "edge/pipeline/call.h"
#include "edge/pipeline/guard.h"
#include "edge/pipeline/stream_masker.h"

namespace weir::edge {

// What one answer of a provider passes on its way to the client: rules about answers, the cache's
// recorder, and last the values of its own request, which are put back. On the call's loop, one
// call at a time.
class AnswerPath {
 public:
  // Where there are guardrails; both outlive the path.
  struct Guards {
    Guard* guard = nullptr;
    api::Guardrails* service = nullptr;
  };
  // Null where the answers of `call` pass as they come, and are not kept.
  static std::unique_ptr<AnswerPath> For(const CallPtr& call, Guards guards);
  AnswerPath(CallPtr call, Guards guards);

  // A whole answer, as the client gets it. Errors are Guard::JudgeAnswer's: nothing of it may go.
  asio::awaitable<absl::StatusOr<std::string>> Whole(std::string body);

  // Events of a stream, each whole: what may go to the client now. Errors are StreamMasker's:
  // nothing may go any more.
  asio::awaitable<absl::StatusOr<std::string>> Events(std::string events);

  // The answer as the cache may keep it, once it has passed; `usage` is what it cost. None: it is
  // not to be given again.
  std::optional<std::string> TakeRecording(const common::v1::Usage& usage);

  // An answer cannot pass unread.
  bool changes_answers() const { return call_->guard.touches_answers(); }

 private:
  void BeginStream();
  // Nobody could be asked about some of it.
  void LetGoUnjudged();
  api::CallContext Context() const;

  const CallPtr call_;
  const Guards guards_;
  bool began_ = false;
  std::unique_ptr<StreamMasker> masker_;
  std::unique_ptr<StreamRecorder> recorder_;
  std::unique_ptr<texts::StreamRestorer> restorer_;
  std::optional<std::string> recording_;
};

}  // namespace weir::edge
