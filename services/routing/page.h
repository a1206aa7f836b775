#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "common/api/list_page.h"
#include "services/routing/catalog.h"

namespace weir::routing {

// Calls `add(object)` with each of the organisation's objects on `page`; returns the next page's
// token, empty after the last.
template <typename Object, typename Add>
std::string ForPage(const std::map<ObjectName, Object>& objects, const std::string& organization,
                    const api::Page& page, Add add) {
  auto it = page.after.empty() ? objects.lower_bound({organization, ""})
                               : objects.upper_bound({organization, page.after});
  std::string last;
  for (size_t count = 0; it != objects.end() && it->first.organization == organization; ++it) {
    if (count++ == page.size) return api::TokenAfter(last);
    add(it->second);
    last = it->first.name;
  }
  return "";
}

}  // namespace weir::routing
