#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"
#include "weir/routing/v1/routing.pb.h"

namespace weir::edge::openai {

// A stretch of the original bytes.
struct Span {
  size_t offset = 0;
  size_t length = 0;
};

// A top-level member that the gateway may change: where its value stands.
struct Member {
  Span value;
  bool present = false;
};

// What the gateway reads of a chat, Responses or embeddings request. The original bytes stay as
// they came; changes are spliced in.
struct RequestBody {
  routing::v1::ApiKind kind = routing::v1::API_KIND_CHAT;
  std::string model;  // Unescaped; at most 200 bytes.
  Member model_at;
  bool stream = false;
  // Largest declared completion over all caps and choices. Unset: none is declared.
  std::optional<int64_t> output_tokens_declared;
  Member max_tokens_at;
  Member max_completion_tokens_at;
  Member max_output_tokens_at;  // Of the Responses API.
  int64_t choices = 1;          // `n`.
  // The client asked for the usage chunk of a stream.
  bool usage_asked = false;
  Member stream_options_at;  // The whole value.
  Member include_usage_at;   // Inside of it.
  bool stream_options_object = false;
  // No prompt like this has more tokens: bytes of its text, 8 a message, and a flat 1,700 for an
  // image.
  int64_t input_tokens_bound = 0;
  // The likely number of prompt tokens, by the class scan.
  int64_t input_tokens_likely = 0;
  // Just behind the opening brace: where members are inserted.
  size_t insert_at = 0;
  bool empty_object = false;
};

// Reads request bodies. Keeps its parser's memory between calls: one per loop, not thread-safe.
class RequestReader {
 public:
  RequestReader();
  ~RequestReader();

  // `body` has 64 readable bytes behind its end. kInvalidArgument with a BadFields detail names the
  // member and what was expected: not JSON, not an object, invalid UTF-8, a repeated key, nesting
  // over 64, a member of the wrong type.
  absl::StatusOr<RequestBody> Read(routing::v1::ApiKind kind, std::string_view body);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

// What goes upstream instead of what came. Borrows its texts.
struct Changes {
  std::string_view model;  // Written unless it equals the client's.
  // Tokens per choice; written into the field(s) the client used, else `cap_field`.
  std::optional<int64_t> output_cap;
  std::string_view cap_field = "max_tokens";
  bool ask_for_usage = false;  // stream_options.include_usage = true.
};

// The body with the changes spliced into the original bytes, which `body` was read from.
std::string Splice(std::string_view original, const RequestBody& body, const Changes& changes);

}  // namespace weir::edge::openai
