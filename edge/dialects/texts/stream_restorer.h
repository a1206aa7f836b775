#pragma once

#include <string>

#include "common/status/status.h"
#include "common/text/placeholder.h"
#include "edge/dialects/texts/stream_rewriter.h"

namespace weir::edge::texts {

// Puts a request's values back into the texts of a stream, where their placeholders stand; of each
// text it holds back less than text::kLongestWritten bytes. One for each stream, not thread-safe.
class StreamRestorer {
 public:
  // `values` outlives it.
  StreamRestorer(StreamRewriter::Kind kind, const text::PlaceholderMap& values)
      : values_(values), rewriter_({.kind = kind}) {}

  // What may go of `events`, which are whole ones, and of those before. kDataLoss: they are no
  // JSON, or too much at once. Of no use after an error.
  absl::StatusOr<std::string> Feed(std::string events) { return Round(std::move(events), false); }
  // What is left, where the stream ended without saying so.
  absl::StatusOr<std::string> Finish() { return Round("", true); }

 private:
  absl::StatusOr<std::string> Round(std::string events, bool is_end);

  const text::PlaceholderMap& values_;
  StreamRewriter rewriter_;
};

}  // namespace weir::edge::texts
