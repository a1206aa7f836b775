#include "services/routing/base_url.h"

#include "common/text/base_url.h"

namespace weir::routing {

absl::StatusOr<std::string> NormalizeBaseUrl(std::string_view url, bool allow_plaintext) {
  WEIR_ASSIGN_OR_RETURN(const text::BaseUrl parsed, text::ParseBaseUrl(url));
  if (!parsed.tls && !allow_plaintext) {
    return status::InvalidArgument("is http, which routing.allow_plaintext_upstreams forbids");
  }
  return text::ToString(parsed);
}

bool IsOrigin(std::string_view origin) {
  const absl::StatusOr<text::BaseUrl> parsed = text::ParseBaseUrl(origin);
  return parsed.ok() && parsed->path.empty() && origin == text::ToString(*parsed);
}

}  // namespace weir::routing
