#include "edge/upstream/base_url.h"

#include <algorithm>
#include <boost/url/parse.hpp>

#include "common/text/ascii.h"
#include "common/text/parse.h"

namespace weir::edge {
namespace {

// A name or an address, and nothing that would mean something else in a header or a CONNECT line.
bool IsHost(std::string_view host) {
  return host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char c) {
           return text::IsAlnum(c) || c == '.' || c == '-' || c == '_' || c == ':';
         });
}

bool IsPort(std::string_view port) {
  const std::optional<int64_t> number = text::ParseInt64(port);
  return number && *number >= 1 && *number <= 65'535;
}

}  // namespace

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
  if (!IsHost(base.host) || !IsPort(base.port) ||
      !(base.path.empty() || base.path.front() == '/')) {
    return status::InvalidArgument("'{}' has a host, port or path that cannot be",
                                   url.substr(0, 200));
  }
  return base;
}

}  // namespace weir::edge
