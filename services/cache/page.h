#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace weir::cache {

// Where a listing goes on and how far: in the order of names, so that one that comes or goes
// between two pages shifts no other.
struct Page {
  std::string after;  // Begins after this name.
  size_t size = 0;
};

// `size`: 1 to 1000; 0 stands for 100. `token`: from TokenAfter, or empty. kInvalidArgument with
// BadFields.
absl::StatusOr<Page> ReadPage(int size, std::string_view token);

// The token of the page that begins after `name`.
std::string TokenAfter(std::string_view name);

}  // namespace weir::cache
