#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/common/v1/usage.pb.h"

namespace weir::edge::openai {

// The events that end a chat stream before the provider does: every choice finishes with "length",
// and a usage chunk follows where `usage` is set. Id, time and model are those of `event`, an event
// of the same stream as it came; what it lacks is left out. Neither an error event nor [DONE].
std::string CutEvents(std::string_view event, int64_t choices,
                      const std::optional<common::v1::Usage>& usage);

}  // namespace weir::edge::openai
