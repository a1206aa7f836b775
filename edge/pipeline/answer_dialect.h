#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "edge/dialects/event_tee.h"
#include "weir/routing/v1/routing.pb.h"

// What is read of a provider's answer, in the dialect of the API that was asked.
namespace weir::edge {

// The tee for a stream. `strip_usage`: the client did not ask for the usage chunk of a chat.
std::unique_ptr<EventTee> NewEventTee(routing::v1::ApiKind kind, bool strip_usage);

// Usage of a whole answer; none where it says none.
std::optional<common::v1::Usage> UsageOf(routing::v1::ApiKind kind, std::string_view json);
// The same from the end of an answer that was not kept whole.
std::optional<common::v1::Usage> UsageOfTail(routing::v1::ApiKind kind, std::string_view tail);
// Likely tokens of the text in a whole answer.
int64_t CountAnswerTokens(routing::v1::ApiKind kind, std::string_view json);

// Its answers are text that a model completes, so that a request has a largest one.
bool HasCompletion(routing::v1::ApiKind kind);

}  // namespace weir::edge
