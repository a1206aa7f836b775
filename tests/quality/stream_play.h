#pragma once

#include <span>

#include "tests/quality/decided_texts.h"
#include "tests/quality/labelled_pairs.h"
#include "tests/quality/labelled_stream.h"
#include "tests/quality/played.h"

namespace weir::cache {

// The requests in their order, by one reader; only what was not answered is kept. `texts` are their
// prompts, in the same order.
PlayedBySource PlayStream(std::span<const StreamRequest> requests, DecidedTexts& texts,
                          const Decision& decision);

// All `a` of the pairs are kept, then every `b` is asked: right is the answer of its own `a`, or of
// an equal one. `texts` are a, b, a, b...
Played PlayTable(std::span<const LabelledPair> pairs, DecidedTexts& texts,
                 const Decision& decision);

// As PlayStream, by the service itself with a policy of this threshold, 0: without one. Nothing
// outlives the process, and time stands still.
struct ServicePlay {
  PlayedBySource played;
  size_t partitions = 0, gates_deciding = 0;  // At the end.
};
absl::StatusOr<ServicePlay> PlayThroughService(std::span<const StreamRequest> requests,
                                               double threshold);

}  // namespace weir::cache
