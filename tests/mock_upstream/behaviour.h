#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/mock_upstream/usage.h"

namespace weir::mock {

// What the text of a chat answer is.
enum class Mode {
  kFixed,  // The canned answer, whatever was asked.
  kEcho,   // The last user message; `model` is the request's.
  kWords,  // "word1 word2 ...".
};

// The usage that an answer reports in place of the counted one.
struct UsageOverride {
  std::optional<int64_t> prompt, completion, total;
  std::string other_members;  // `,"prompt_tokens_details":{...}`: passed on as they came.
};

// How the provider treats a request. The default is a healthy provider with the canned answer.
struct Behaviour {
  std::string model;             // The requests it applies to; empty: all.
  std::optional<int64_t> times;  // For so many requests, then never again. Unset: until replaced.

  // What is said.
  Mode mode = Mode::kFixed;
  int64_t words = 20;                    // Of kWords.
  std::optional<int64_t> frames;         // Content frames of a stream; unset: one a word.
  bool tools = false;                    // Calls the first tool when the request offers some.
  int64_t dimensions = 8;                // Of an embedding, when the request does not say.
  std::optional<int64_t> prompt_tokens;  // Unset: 10, or counted when echoing.
  std::optional<UsageOverride> usage;
  bool omit_usage = false;         // Reports none, in JSON and in streams.
  bool omit_stream_usage = false;  // Reports none in streams.
  bool zero_usage = false;         // Reports, and books, zeros.

  // When.
  std::chrono::milliseconds latency{0};      // Before the first byte.
  std::chrono::milliseconds frame_delay{0};  // Before each further frame.
  bool never_answer = false;                 // Waits until the client gives up.

  // What goes wrong.
  int status = 200;                          // From 300 on: an error answer.
  std::optional<std::string> body;           // Of the error answer; unset: OpenAI's shape.
  std::string retry_after;                   // The header's value; empty: none.
  std::optional<int64_t> drop_after_frames;  // Closes after so many content frames of a stream.
  bool drop_before_answer = false;           // Closes without a byte (after `latency`).
  bool reset = false;                        // A drop sends RST instead of FIN.
  bool gzip = false;                         // Encoded, although nobody asked.
  bool malformed_json = false;               // Each JSON text is cut in half.
  bool truncate_content_length = false;      // Promises the body, sends half of it, closes.
  std::vector<std::pair<std::string, std::string>> extra_headers;
};

// Reads the body of POST /behaviour (README.md lists its fields).
//
// kInvalidArgument names the field that is unknown, of the wrong type or out of range.
absl::StatusOr<Behaviour> ParseBehaviour(std::string_view json);

}  // namespace weir::mock
