#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/mock_upstream/behaviour.h"
#include "tests/mock_upstream/usage.h"

namespace weir::mock {

// One answer as it goes over the wire, ready before its first byte does. Immutable once shared.
struct Answer {
  int status = 200;
  bool stream = false;
  std::string
      head;  // Status line and headers, without the blank line: the connection adds its own.
  std::string body;  // A stream's frames stand in it as HTTP chunks, the last chunk included.

  // Streams only: the end in `body` of each content frame. The role frame stands before the first
  // and goes out with it; finish_reason, usage and [DONE] stand behind the last.
  std::vector<size_t> frame_ends;
  // Content frames of the whole answer: more than frame_ends has when the answer is to be dropped.
  size_t frames_in_whole = 0;

  Usage usage;        // Of the whole answer; what the ledger books.
  bool drop = false;  // The connection is cut after `body`, which is not all that was promised.

  // Content frames whose last byte is within the first `bytes` of the body.
  size_t FramesWithin(size_t bytes) const;
  // Completion tokens that the first `frames` content frames carry.
  int64_t CompletionTokens(size_t frames) const;
};
using AnswerPtr = std::shared_ptr<const Answer>;

// "HTTP/1.1 429 Too Many Requests", then what every answer under `behaviour` carries.
std::string AnswerHead(int status, std::string_view content_type, const Behaviour& behaviour);

// An answer with Content-Length, encoded, cut or dropped as `behaviour` says.
AnswerPtr WholeAnswer(int status, std::string body, Usage usage, const Behaviour& behaviour);

// OpenAI's error body. `code` empty: null.
AnswerPtr ErrorAnswer(int status, std::string_view message, std::string_view code = {});

// The error that `behaviour.status` asks for.
AnswerPtr ScriptedError(const Behaviour& behaviour);

// `{"prompt_tokens":..,"completion_tokens":..,"total_tokens":..}`, or without completion_tokens, as
// embeddings have it. Overrides and zeros are `behaviour`'s.
std::string UsageJson(Usage usage, const Behaviour& behaviour, bool with_completion);

// What the ledger books for an answer whose true usage is `counted`.
Usage BookedUsage(Usage counted, const Behaviour& behaviour);

}  // namespace weir::mock
