#include "common/text/base_url.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <optional>

#include "common/text/ascii.h"
#include "common/text/parse.h"

namespace weir::text {
namespace {

using boost::urls::host_type;
using boost::urls::scheme;

constexpr size_t kMaxUrlBytes = 2048;
constexpr size_t kMaxHostBytes = 253;

boost::urls::string_view Borrow(std::string_view text) { return {text.data(), text.size()}; }
std::string_view View(boost::urls::string_view text) { return {text.data(), text.size()}; }

// Nothing that would mean something else in a header or a CONNECT line.
bool IsHostName(std::string_view host) {
  const bool chars = std::ranges::all_of(
      host, [](char c) { return IsAlnum(c) || c == '-' || c == '.' || c == '_'; });
  return chars && !host.empty() && host.size() <= kMaxHostBytes && !host.starts_with('.') &&
         !host.starts_with('-') && host.find("..") == std::string_view::npos;
}

bool IsHost(const boost::urls::url_view& url) {
  if (url.host_type() == host_type::ipvfuture) return false;  // "[v1.x]", which nobody speaks.
  return url.host_type() == host_type::ipv6 || IsHostName(View(url.encoded_host_address()));
}

// Nothing where the URL names none; 0 where what it names is no port.
std::optional<int64_t> PortOf(const boost::urls::url_view& url) {
  if (!url.has_port()) return std::nullopt;
  const std::optional<int64_t> port = ParseInt64(View(url.port()));
  return port && *port >= 1 && *port <= 65'535 ? *port : 0;
}

absl::Status BadHostOrPort() {
  return status::InvalidArgument("has a malformed host or port, want host or host:1-65535");
}

absl::Status HasUserInformation() {
  return status::InvalidArgument("has user information, want the credential apart from the URL");
}

// What is wrong with `url`, which does not parse.
absl::Status WhyMalformed(std::string_view url) {
  const std::string_view rest = url.substr(url.find("://") + 3);
  const std::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.find('@') != std::string_view::npos) return HasUserInformation();
  if (boost::urls::parse_authority(Borrow(authority)).has_error()) return BadHostOrPort();
  return status::InvalidArgument("has characters that a URL does not have");
}

bool HasOddSegments(const boost::urls::url_view& url) {
  const auto segments = url.segments();  // Decoded: "%2e%2e" goes up as well.
  return std::any_of(segments.begin(), segments.end(), [](const std::string& each) {
    return each.empty() || each == "." || each == "..";
  });
}

absl::Status Check(const boost::urls::url_view& url) {
  if (url.scheme_id() != scheme::https && url.scheme_id() != scheme::http) {
    return status::InvalidArgument("has another scheme, want https://");
  }
  if (url.has_userinfo()) return HasUserInformation();
  if (url.encoded_host().empty()) return status::InvalidArgument("has no host");
  if (!IsHost(url) || PortOf(url) == 0) return BadHostOrPort();
  if (HasOddSegments(url)) {
    return status::InvalidArgument("has empty or dot segments in its path");
  }
  return absl::OkStatus();
}

BaseUrl TakeApart(const boost::urls::url_view& url) {
  BaseUrl base{.tls = url.scheme_id() == scheme::https};
  base.host = ToLower(View(url.encoded_host_address()));
  base.authority = url.host_type() == host_type::ipv6 ? fmt::format("[{}]", base.host) : base.host;
  base.port = base.tls ? "443" : "80";
  if (const std::optional<int64_t> port = PortOf(url)) {
    base.port = std::to_string(*port);
    base.authority += ":" + base.port;
  }
  base.path = View(url.encoded_path());
  return base;
}

}  // namespace

absl::StatusOr<BaseUrl> ParseBaseUrl(std::string_view url) {
  if (url.empty()) return status::InvalidArgument("is empty, want https://host/path");
  if (url.size() > kMaxUrlBytes) {
    return status::InvalidArgument("has {} bytes, want at most {}", url.size(), kMaxUrlBytes);
  }
  if (url.find('#') != std::string_view::npos) return status::InvalidArgument("has a fragment");
  if (url.find('?') != std::string_view::npos) return status::InvalidArgument("has a query");
  if (url.find("://") == std::string_view::npos) {
    return status::InvalidArgument("is no URL, want https://host/path");
  }
  const size_t end = url.find_last_not_of('/');
  const auto parsed = boost::urls::parse_uri(Borrow(url.substr(0, end + 1)));
  if (parsed.has_error()) return WhyMalformed(url);
  WEIR_RETURN_IF_ERROR(Check(*parsed));
  return TakeApart(*parsed);
}

std::string ToString(const BaseUrl& url) {
  return fmt::format("{}://{}{}", url.tls ? "https" : "http", url.authority, url.path);
}

}  // namespace weir::text
