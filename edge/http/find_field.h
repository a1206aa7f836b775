#pragma once

#include <boost/beast/http/fields.hpp>
#include <string_view>

#include "common/text/ascii.h"

namespace weir::edge {

// The value of the first field of that name; empty where there is none. In the order of the head:
// heads have few fields, and most names are told apart by their length.
inline std::string_view FindField(const boost::beast::http::fields& fields, std::string_view name) {
  for (const auto& each : fields) {
    const auto its_name = each.name_string();
    if (its_name.size() == name.size() &&
        text::EqualsIgnoreCase({its_name.data(), its_name.size()}, name)) {
      return {each.value().data(), each.value().size()};
    }
  }
  return {};
}

}  // namespace weir::edge
