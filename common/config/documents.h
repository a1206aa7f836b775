#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace weir::config {

// One YAML document of a file that may have many, as JSON for whoever reads messages from JSON.
struct Document {
  std::string json;
  std::string file;
  int line = 0;  // Where it starts, from 1.
  // The lines of its values: "spec.limits[0].max" to 12; "" is the document.
  std::map<std::string, int, std::less<>> lines;

  // The line of `path`, or of the nearest value around it that is there.
  int LineOf(std::string_view path) const;
};

// The documents of a file (at most 4 MiB). Values follow YAML's core schema: quoted is text, 30 a
// number, true a bool, ~ null, `1m` and `yes` text. Numbers keep their digits, however many; .inf
// and .nan are the texts "Infinity" and "NaN", as protobuf has them. Empty documents are left out.
// kInvalidArgument has every fault, a line each; kNotFound where there is no such file.
absl::StatusOr<std::vector<Document>> LoadDocuments(const std::string& path);

// The same of a text; `file` is for messages.
absl::StatusOr<std::vector<Document>> ParseDocuments(std::string_view text, std::string file);

}  // namespace weir::config
