#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/status/bad_fields.h"
#include "services/identity/directory.h"

// The pages of the List methods. A token is opaque to callers: base64url of what the page ended
// with. Pure functions.
namespace weir::identity {

// `page_size`: 1 to 1000, 0 is 100. What does not fit goes to `bad` as "page_size" or
// "page_token". The page asks for one object more than fits, so that EndPage sees whether there are
// others.
NamePage ReadNamePage(int32_t page_size, std::string_view token, status::BadFields& bad);
PositionPage ReadPositionPage(int32_t page_size, std::string_view token, status::BadFields& bad);

std::string NameToken(std::string_view last_name);
std::string PositionToken(int64_t last_position);

// Cuts `objects` to what the page may hold; the token for the next, made from the last one by
// `token_of`; empty where there is no next.
template <typename Object, typename Page, typename TokenOf>
std::string EndPage(std::vector<Object>& objects, const Page& page, TokenOf token_of) {
  const size_t fits = static_cast<size_t>(page.limit) - 1;
  if (objects.size() <= fits) return "";
  objects.resize(fits);
  return token_of(objects.back());
}

}  // namespace weir::identity
