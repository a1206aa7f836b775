#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/status/status.h"

namespace weir::quality {

// A text, and what is in it.
struct LabelledText {
  struct Span {
    std::string type;           // "EMAIL_ADDRESS"
    size_t begin = 0, end = 0;  // Bytes.
  };
  std::string text, source, kind;
  bool is_positive = false;
  std::vector<Span> spans;  // Empty: none are told.
};

// Reads a file of JSON objects, one a line, plain or gzipped: {"text", "label": 0 or 1, "source",
// "kind", "spans": [[type, first and last code point, first and last byte]]}. kInvalidArgument
// names the file and the line.
absl::StatusOr<std::vector<LabelledText>> ReadLabelledTexts(const std::string& path);

}  // namespace weir::quality
