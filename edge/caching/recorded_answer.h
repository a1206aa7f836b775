#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "common/text/placeholder.h"
#include "weir/routing/v1/routing.pb.h"

namespace weir::edge {

// Largest Recording.body in bytes.
inline constexpr size_t kLargestRecording = 1024 * 1024;

// Recording.kind: "chat" or "responses"; empty for what is not recorded.
std::string_view RecordingKind(routing::v1::ApiKind kind);

// Recording.body of a whole answer with status 200, before placeholders are restored. Nothing where
// it is not to be given a second time (it was cut off, calls tools, has parts that a stream of it
// could not have; see chat_answer.h and responses_answer.h), is larger than kLargestRecording, or
// is no such answer. Needs no padding. Thread-safe.
std::optional<std::string> RecordWhole(routing::v1::ApiKind kind, std::string_view body);

// A recording with the values of the request that it is to answer. kNotFound: it has a canonical
// placeholder that `values` lacks, so that it is no answer to this request. kInvalidArgument: it is
// no JSON. kResourceExhausted: with its values it is over 8 MiB. No text is in a message.
// Thread-safe.
absl::StatusOr<std::string> RestoreRecording(std::string_view body,
                                             const text::PlaceholderMap& values);

}  // namespace weir::edge
