#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids/random.h"
#include "common/status/status.h"
#include "weir/routing/v1/routing.pb.h"

namespace weir::edge {

// How a recording is to be told again. Borrows its texts.
struct Replay {
  routing::v1::ApiKind kind = routing::v1::API_KIND_CHAT;
  std::string id;       // Of the answer: NewAnswerId.
  int64_t created = 0;  // Seconds since the Unix epoch.
  // The chunk with the usage, of a chat's stream.
  bool usage_asked = false;
  // The body of the request, of which a responses answer repeats its asker's labels. May be empty.
  std::string_view request;
};

// "chatcmpl-" or "resp_" and 32 random characters.
std::string NewAnswerId(routing::v1::ApiKind kind, Random& random);

// The whole answer, application/json. `body` is a recording's, its values restored.
// kInvalidArgument: it is none of that kind. Thread-safe, as the next.
absl::StatusOr<std::string> ReplayWhole(std::string_view body, const Replay& replay);

// The answer's server-sent events in their order, each whole; the last ends the stream.
absl::StatusOr<std::vector<std::string>> ReplayStream(std::string_view body, const Replay& replay);

}  // namespace weir::edge
