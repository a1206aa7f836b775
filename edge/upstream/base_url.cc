#include "edge/upstream/base_url.h"

#include <boost/url/parse.hpp>

namespace weir::edge {

absl::StatusOr<BaseUrl> ParseBaseUrl(std::string_view url) {
  const auto parsed = boost::urls::parse_uri({url.data(), url.size()});
  if (parsed.has_error() || parsed->host().empty()) {
    return status::InvalidArgument("'{}' is not a URL with a host", url.substr(0, 200));
  }
  if (parsed->has_query() || parsed->has_fragment() || parsed->has_userinfo()) {
    return status::InvalidArgument("'{}' has a query, a fragment or user information",
                                   url.substr(0, 200));
  }
  BaseUrl base;
  if (parsed->scheme() != "https" && parsed->scheme() != "http") {
    return status::InvalidArgument("'{}' is not http or https", url.substr(0, 200));
  }
  base.tls = parsed->scheme() == "https";
  base.host = parsed->host_address();
  base.port = parsed->has_port() && !parsed->port().empty() ? std::string(parsed->port())
                                                            : (base.tls ? "443" : "80");
  const auto authority = parsed->encoded_host_and_port();
  base.authority.assign(authority.data(), authority.size());
  const auto path = parsed->encoded_path();
  base.path.assign(path.data(), path.size());
  while (base.path.ends_with('/')) base.path.pop_back();
  return base;
}

}  // namespace weir::edge
