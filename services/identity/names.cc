#include "services/identity/names.h"

#include <algorithm>

#include "common/text/ascii.h"
#include "services/identity/key.h"

namespace weir::identity {
namespace {

constexpr size_t kLongest = 63;

bool ConsistsOf(std::string_view text, std::string_view also) {
  return !text.empty() && text.size() <= kLongest &&
         std::all_of(text.begin(), text.end(), [also](char c) {
           return text::IsLower(c) || text::IsDigit(c) || also.find(c) != std::string_view::npos;
         });
}

bool IsControl(char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }

}  // namespace

bool IsOrganizationName(std::string_view text) {
  return ConsistsOf(text, "-") && text::IsLower(text.front());
}

bool IsTeamName(std::string_view text) { return ConsistsOf(text, "-"); }

bool IsUserName(std::string_view text) { return ConsistsOf(text, "._@-"); }

bool IsKeyName(std::string_view text) {
  return text.size() >= 3 && IsPlainText(text, kLongest) && !text.starts_with(kKeyPrefix) &&
         !text.starts_with(kAdminTokenPrefix);
}

bool IsPlainText(std::string_view text, size_t max_bytes) {
  return text.size() <= max_bytes && std::none_of(text.begin(), text.end(), IsControl);
}

}  // namespace weir::identity
