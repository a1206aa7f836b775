#pragma once

#include "edge/dialects/event_tee.h"
#include "edge/pipeline/answer_path.h"
#include "edge/pipeline/attempt.h"
#include "edge/pipeline/call.h"

namespace weir::edge {

// Brings one upstream's good answer to the client and settles it. The head of the answer was read;
// nothing was sent to the client yet.
class Relay {
 public:
  struct Options {
    // Bytes of an answer that is read whole before it is sent on; a larger one passes through.
    size_t max_buffered = 8 << 20;
    // What the answer passes; null: it goes as it comes.
    AnswerPath* path = nullptr;
    // Of answers that the cache keeps; with `path`.
    AnswerCache* cache = nullptr;
  };
  // All must outlive the relay.
  Relay(CallPtr call, UpstreamCall* upstream, Attempt* attempt, Options options);

  // OK: the client has an answer, whole or visibly broken off. An error: nothing was sent, another
  // attempt may follow; the attempt is settled.
  asio::awaitable<absl::Status> Run();

 private:
  asio::awaitable<absl::Status> Whole();
  asio::awaitable<absl::Status> Stream();
  asio::awaitable<absl::Status> PassThrough(std::string first);
  // An answer that may not go on; `spent` of it is counted.
  absl::Status RefuseAnswer(absl::Status why, const common::v1::Usage& spent, bool estimated);
  // It is an answer to what was looked up.
  bool IsRecordable() const;
  // Gives the cache what passed; else those who wait for it need not any longer.
  void Record(const common::v1::Usage& usage);
  Headers AnswerHeaders(std::string_view content_type) const;
  void BeginStream();
  // Ends a stream whose further tokens nobody pays for: `tee` withholds the event that would have
  // been the next, and outlives the answer; `covered` is what is held for the completion.
  asio::awaitable<absl::Status> CutAtWall(absl::Status refused, const EventTee* tee,
                                          int64_t covered);

  CallPtr call_;
  UpstreamCall* upstream_;
  Attempt* attempt_;
  const Options options_;
};

// Headers that every answer carries: the request's id, where its limits stand, what a browser needs
// to read it.
void AddCallHeaders(const Call& call, Headers& headers);
// The same and, of an answer that is no refusal, what the cache and the guardrails did about it.
void AddAnswerHeaders(const Call& call, Headers& headers);

}  // namespace weir::edge
