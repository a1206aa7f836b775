#pragma once

#include <optional>
#include <string>

#include "edge/pipeline/call.h"
#include "edge/pipeline/settlements.h"
#include "edge/pipeline/stream_budget.h"

namespace weir::edge {

// One dispatch of a call to one target, from its hold to its settlement: exactly one of Settle and
// Release happens, at the latest in the destructor; what is asked for after it is ignored. On one
// loop's thread.
class Attempt {
 public:
  struct Hold {
    // What will settle it, as far as it is known: its key, whose spending it is, and the logical
    // requests that it counts. Not null. It goes from hand to hand, so it is held by a pointer.
    std::unique_ptr<quota::v1::SettleRequest> settlement;
    std::optional<int64_t> output_tokens_cap;  // What is held for the completion.
    // What that could be raised to while the answer streams; with output_tokens_cap.
    int64_t output_tokens_headroom = 0;
  };
  // `planned` is part of the call's plan. It, `settlements` and `clock` must outlive the attempt.
  Attempt(CallPtr call, const routing::v1::Attempt* planned, Hold hold, Settlements& settlements,
          const Clock& clock);
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  // Writes the intent; only then may anything be sent. Errors are Outbox::Intend's.
  absl::Status Intend();
  // Instead of a dispatch: nothing is sent, the request counts. Ends the attempt; where the outbox
  // takes nothing the hold is released.
  absl::Status CountUnsent(const common::v1::Usage& usage,
                           quota::v1::SettleRequest::Outcome outcome);

  // The body and the head (`body_size` in bytes) as they go upstream.
  std::string RequestBody(const UpstreamTarget& target) const;
  std::string RequestHead(const UpstreamTarget& target, size_t body_size,
                          const std::vector<std::string>& forward_headers) const;

  // What weir knows by itself: the likely prompt, and so many tokens of the completion.
  common::v1::Usage Counted(int64_t output_tokens) const;
  // Ends the attempt with what was spent. `estimated`: weir counted.
  void Settle(const common::v1::Usage& usage, bool estimated,
              quota::v1::SettleRequest::Outcome outcome);
  // Ends the attempt: nothing was spent.
  void Release();
  // What the strict limits pay for of a streaming answer whose hold grows; null where the hold that
  // was made covers all that the provider can send.
  std::shared_ptr<StreamBudget> NewBudget() const;
  // A mark in the outbox: so much was delivered.
  void Progress(int64_t output_tokens) {
    if (!ended_) settlements_.Progress(entry_, hold_.settlement->key(), output_tokens);
  }

  const routing::v1::Attempt& planned() const { return *planned_; }
  // Settled or released.
  bool settled() const { return ended_; }

 private:
  // `input_tokens` count where nobody gets to settle it.
  absl::Status WriteIntent(int64_t input_tokens);
  // The answer is streamed and nobody said how long it may be.
  bool Grows() const;
  // Completion tokens of one choice that the provider is told; unset: nothing.
  std::optional<int64_t> UpstreamCap() const;

  const CallPtr call_;
  const routing::v1::Attempt* planned_;  // Points into the call's plan.
  Hold hold_;                            // Its settlement is gone when this has ended.
  Outbox::Entry entry_ = 0;
  Settlements& settlements_;
  const Clock& clock_;
  int64_t dispatched_us_ = 0;
  bool ended_ = false;
};

// Whose spending an attempt is. `subjects` is a new one.
void SetSubjects(const Call& call, const routing::v1::Attempt& planned,
                 quota::v1::Subjects& subjects);

// "chat", "embeddings", "models", "responses".
std::string_view KindName(routing::v1::ApiKind kind);

}  // namespace weir::edge
