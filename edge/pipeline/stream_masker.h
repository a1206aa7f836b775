#pragma once

#include <string>
#include <utility>
#include <vector>

#include "edge/dialects/texts/json_texts.h"
#include "edge/dialects/texts/stream_rewriter.h"
#include "edge/pipeline/guard.h"

namespace weir::edge {

// Has the texts of a streamed answer judged as they come, and lets go what may go. Nothing that was
// not judged leaves it: what the guardrails hold back is in none of the events, and comes out when
// it is settled. Log probabilities and comments do not pass. One for each stream, not thread-safe.
class StreamMasker {
 public:
  struct Options {
    GuardPolicies policies;  // Not empty.
    PlaceholderCounts numbers_taken;
    texts::StreamRewriter::Kind kind = texts::StreamRewriter::Kind::kChat;
  };
  // `service` outlives it.
  StreamMasker(api::Guardrails& service, Options options)
      : service_(service),
        options_(std::move(options)),
        rewriter_({.kind = options_.kind, .is_strict = true}) {}

  // What may go of `events`, which are whole ones, and of those before. kPermissionDenied with a
  // PolicyDenial: blocked. kUnavailable: nobody can be asked; policies that let go what nobody can
  // be asked about do so with texts of which nothing is held back. kDataLoss: the events are no
  // JSON, or too much at once. Of no use after an error; what it had is gone.
  asio::awaitable<absl::StatusOr<std::string>> Feed(api::CallContext context, std::string events);
  // What is left, where the stream ended without saying so.
  asio::awaitable<absl::StatusOr<std::string>> Finish(api::CallContext context);

  // Something went that nobody could be asked about.
  bool unasked() const { return unasked_; }
  // What was found since the last call; of more than kMostFindings the first.
  std::vector<guardrails::v1::Finding> TakeFindings() { return std::exchange(findings_, {}); }
  static constexpr size_t kMostFindings = 256;

 private:
  // Of one text: what the service wants to have with its next piece.
  struct TextState {
    std::string state;
    bool was_asked = false;
  };
  asio::awaitable<absl::StatusOr<std::string>> Round(api::CallContext context, std::string events,
                                                     bool is_end);
  // All texts that are none of the answer's own, by one call.
  asio::awaitable<absl::Status> AskAside(api::CallContext context);
  absl::Status TakeAside(const texts::JsonTexts& aside, const std::vector<size_t>& pieces,
                         guardrails::v1::InspectResponse& answer);
  asio::awaitable<absl::Status> Ask(api::CallContext context, texts::StreamRewriter::Piece* piece);
  guardrails::v1::InspectDeltaRequest DeltaQuestion(const texts::StreamRewriter::Piece& piece,
                                                    const TextState& text) const;
  void Note(const google::protobuf::RepeatedPtrField<guardrails::v1::Finding>& findings);
  absl::Status Take(guardrails::v1::InspectDeltaResponse& answer, TextState& text,
                    texts::StreamRewriter::Piece& piece);

  api::Guardrails& service_;
  const Options options_;
  texts::StreamRewriter rewriter_;
  bool unasked_ = false;
  std::vector<guardrails::v1::Finding> findings_;
};

}  // namespace weir::edge
