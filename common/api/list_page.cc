#include "common/api/list_page.h"

#include <optional>
#include <utility>

#include "common/status/bad_fields.h"
#include "common/text/hex.h"

namespace weir::api {
namespace {
constexpr int kDefaultSize = 100;
constexpr int kMaxSize = 1000;
}  // namespace

absl::StatusOr<Page> ReadPage(int size, std::string_view token) {
  status::BadFields bad;
  bad.InRange("page_size", size, 0, kMaxSize);
  std::optional<std::string> after = text::HexDecode(token);
  if (!after) bad.Add("page_token", "is not from a previous page");
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  return Page{.after = *std::move(after),
              .size = static_cast<size_t>(size == 0 ? kDefaultSize : size)};
}

// Hex, so that nobody takes it for a name and builds it by hand.
std::string TokenAfter(std::string_view name) { return text::HexEncode(name); }

}  // namespace weir::api
