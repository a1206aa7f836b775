#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "tests/mock_upstream/usage.h"

namespace weir::mock {

// The canned chat answer.
struct FixedAnswer {
  std::string json;  // Minified, as a request without `stream` gets it.
  std::string id;
  int64_t created = 0;
  std::string model;
  std::string text;
  Usage usage;
};

// The answer of WSO2's AI gateway sample: id chatcmpl-mock777, 10 + 20 tokens.
FixedAnswer SampleAnswer();

// Reads a chat.completion object, or a WireMock mapping with one in response.jsonBody, from `path`.
//
// kNotFound: no such file. kInvalidArgument: not such an object; the message says what is missing.
absl::StatusOr<FixedAnswer> LoadAnswer(const std::string& path);

}  // namespace weir::mock
