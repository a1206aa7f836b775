#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace weir::api {

// Where a listing of an admin service goes on and how far: objects in the order of their names, so
// that one that comes or goes between two pages shifts no other.
struct Page {
  // Begins after this name.
  std::string after;
  size_t size = 0;
};

// `size`: 1 to 1000; 0 stands for 100. `token`: from TokenAfter, or empty. kInvalidArgument with
// BadFields.
absl::StatusOr<Page> ReadPage(int size, std::string_view token);

// The token of the page that begins after `name`.
std::string TokenAfter(std::string_view name);

}  // namespace weir::api
