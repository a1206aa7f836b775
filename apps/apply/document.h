#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/apply/fault_book.h"
#include "common/config/yaml.h"

namespace weir::apply {

// One thing as an operator declares it: `{kind, name, organization, spec}`.
struct Document {
  std::string file;    // As messages show it.
  std::string folder;  // Where relative paths in it start.
  int line = 0;
  std::string kind;
  std::string name;
  std::string organization;  // Empty: not said.
  config::YamlNode spec;     // A map, or null where there is nothing more to say.
};

// The documents of a file (*.yaml, *.yml or *.json, any number in it), or of a folder's files by
// name, not of its subfolders. Files whose names begin with a dot are left out.
//
// What is wrong with their form (a syntax error, an unknown key, no name, a kind that does not
// exist) is added to `faults`; what is returned then is the rest. kNotFound, kInvalidArgument:
// `path` cannot be read, or holds no documents.
absl::StatusOr<std::vector<Document>> ReadDocuments(const std::string& path, FaultBook& faults);

// The same for `text`; `file` is how messages call it.
std::vector<Document> ParseDocuments(const std::string& file, std::string_view text,
                                     FaultBook& faults);

}  // namespace weir::apply
