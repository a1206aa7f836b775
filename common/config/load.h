#pragma once

#include <functional>
#include <set>
#include <string>

#include "common/config/environment.h"
#include "common/config/reader.h"
#include "common/config/settings.h"

namespace weir::config {

struct Input {
  std::string file;  // As messages show it.
  std::string text;  // What is in it; empty: defaults and overrides alone.
  Environment environment = {};
  // WEIR_* variables that are no overrides.
  std::set<std::string, std::less<>> not_overrides = {"WEIR_CONFIG"};
};

// Hands the whole configuration to `read` and returns what holds. kInvalidArgument has every fault,
// a line each: of the file's form, of its keys and values, of overrides.
absl::StatusOr<Settings> Load(const Input& input, const std::function<void(Reader&)>& read);

}  // namespace weir::config
