#pragma once

#include <gmock/gmock.h>

#include <string>

#include "common/status/status.h"

namespace weir::testing {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

// EXPECT_THAT(result, IsOk()): prints the status where it is not.
MATCHER(IsOk, negation ? "is an error" : "is OK") {
  const absl::Status& status = StatusOf(arg);
  if (!status.ok()) *result_listener << "which is " << status.ToString();
  return status.ok();
}

// EXPECT_THAT(result, StatusIs(absl::StatusCode::kNotFound, HasSubstr("limit"))).
MATCHER_P2(StatusIs, code, message_matcher, "has the code and message") {
  const absl::Status& status = StatusOf(arg);
  *result_listener << "which is " << status.ToString() << " ";
  return status.code() == code &&
         ::testing::ExplainMatchResult(message_matcher, std::string(status::Message(status)),
                                       result_listener);
}
MATCHER_P(StatusIs, code, "has the code") {
  *result_listener << "which is " << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code;
}

}  // namespace weir::testing
