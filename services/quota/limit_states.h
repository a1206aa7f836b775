#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/repeated_ptr_field.h>

#include <string>
#include <string_view>

#include "common/status/status.h"
#include "services/quota/windows.h"
#include "weir/quota/v1/quota.pb.h"

// Where limits stand, in the words of the API. Pure functions.
namespace weir::quota {

// Of a time that comes: not kForeverNs.
google::protobuf::Duration ToProto(int64_t ns);

v1::LimitState ToState(const CompiledLimit& limit, const Position& position);

// Adds the state of the tightest match of each unit: enforced before observed, then the least that
// remains, then the latest reset.
void AddTightest(const LimitMatches& matches, const Positions& positions,
                 google::protobuf::RepeatedPtrField<v1::LimitState>& states);

// Adds the states of all matches: those of AddTightest first, then the others in their order.
void AddStates(const LimitMatches& matches, const Positions& positions,
               google::protobuf::RepeatedPtrField<v1::LimitState>& states);

// Whose counter a limit has for the subject: "user:alice".
std::string EntityOf(const CompiledLimit& limit, std::string_view subject);

// kResourceExhausted with a QuotaViolation.
absl::Status Exhausted(const CompiledLimit& limit, std::string_view subject,
                       const Position& position, bool hard, int64_t retry_after_ns);

}  // namespace weir::quota
