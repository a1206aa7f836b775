#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "services/routing/catalog.h"

namespace weir::routing {

// Where a listing goes on and how far: objects in the order of their names, so that one that comes
// or goes between two pages shifts no other.
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

// Calls `add(object)` with each of the organisation's objects on `page`; returns the next page's
// token, empty after the last.
template <typename Object, typename Add>
std::string ForPage(const std::map<ObjectName, Object>& objects, const std::string& organization,
                    const Page& page, Add add) {
  auto it = page.after.empty() ? objects.lower_bound({organization, ""})
                               : objects.upper_bound({organization, page.after});
  std::string last;
  for (size_t count = 0; it != objects.end() && it->first.organization == organization; ++it) {
    if (count++ == page.size) return TokenAfter(last);
    add(it->second);
    last = it->first.name;
  }
  return "";
}

}  // namespace weir::routing
