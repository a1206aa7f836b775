#include "common/rpc/admin_routes.h"

#include "common/rpc/address.h"
#include "common/text/ascii.h"
#include "common/text/excerpt.h"

namespace weir::rpc {
namespace {

// "quota" of "weir.quota.v1.QuotaAdminService/PutLimit".
std::string_view PartOf(std::string_view full_method) {
  constexpr std::string_view kPackage = "weir.";
  if (full_method.starts_with('/')) full_method.remove_prefix(1);
  if (!full_method.starts_with(kPackage)) return {};
  full_method.remove_prefix(kPackage.size());
  return full_method.substr(0, full_method.find('.'));
}

bool NamesAPart(std::string_view text) {
  const size_t equals = text.find('=');
  return equals != std::string_view::npos && equals > 0 &&
         text.substr(0, equals).find_first_not_of("abcdefghijklmnopqrstuvwxyz") ==
             std::string_view::npos;
}

}  // namespace

absl::StatusOr<AdminRoutes> ParseAdminRoutes(std::string_view text, bool tls) {
  AdminRoutes routes;
  for (const std::string_view each : text::Split(text, ',')) {
    std::string_view address = text::Trim(each);
    std::string part;
    if (NamesAPart(address)) {
      part = address.substr(0, address.find('='));
      address.remove_prefix(part.size() + 1);
    }
    WEIR_RETURN_IF_ERROR(CheckAddress(address, tls));
    if (!routes.try_emplace(part, address).second) {
      return status::InvalidArgument(
          "admin address '{}' names two for '{}', want one address, or one for each part",
          text::Excerpt(text), part);
    }
  }
  return routes;
}

absl::StatusOr<std::string> AddressFor(const AdminRoutes& routes, std::string_view full_method) {
  auto found = routes.find(PartOf(full_method));
  if (found == routes.end()) found = routes.find("");
  if (found == routes.end()) {
    return status::InvalidArgument("no admin address is given for {}, want '{}=HOST:PORT' too",
                                   text::Excerpt(full_method, 128), PartOf(full_method));
  }
  return found->second;
}

}  // namespace weir::rpc
