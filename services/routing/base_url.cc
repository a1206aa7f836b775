#include "services/routing/base_url.h"

#include <algorithm>
#include <optional>

#include "common/text/ascii.h"
#include "common/text/parse.h"

namespace weir::routing {
namespace {

constexpr size_t kMaxUrlBytes = 2048;
constexpr size_t kMaxHostBytes = 253;

bool IsPathChar(char c) {
  // RFC 3986: unreserved, percent (of an escape), sub-delims, and what a segment may hold beside
  // them.
  return text::IsAlnum(c) ||
         std::string_view("-._~%!$&'()*+,;=:@/").find(c) != std::string_view::npos;
}

bool IsHostName(std::string_view host) {
  const bool chars = std::ranges::all_of(
      host, [](char c) { return text::IsAlnum(c) || c == '-' || c == '.' || c == '_'; });
  return chars && !host.empty() && host.size() <= kMaxHostBytes && !host.starts_with('.') &&
         !host.starts_with('-') && host.find("..") == std::string_view::npos;
}

bool IsIpv6Literal(std::string_view host) {
  if (!host.starts_with('[') || !host.ends_with(']')) return false;
  const std::string_view inside = host.substr(1, host.size() - 2);
  return inside.size() >= 2 && inside.size() <= 45 && inside.find(':') != std::string_view::npos &&
         std::ranges::all_of(inside, [](char c) {
           return text::IsDigit(c) || (text::ToLower(c) >= 'a' && text::ToLower(c) <= 'f') ||
                  c == ':' || c == '.';
         });
}

// "host", "host:port", "[::1]:port".
bool IsHostPort(std::string_view authority) {
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.rfind(':');
  std::string_view host = authority;
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const std::optional<int64_t> port = text::ParseInt64(authority.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) return false;
    host = authority.substr(0, colon);
  }
  return IsHostName(host) || IsIpv6Literal(host);
}

bool HasDotSegment(std::string_view path) {
  return std::ranges::any_of(text::Split(path, '/'),
                             [](std::string_view each) { return each == "." || each == ".."; });
}

struct Parts {
  std::string_view scheme, authority, path;
};

// Nothing where it is not of the form scheme://rest.
std::optional<Parts> SplitUrl(std::string_view url) {
  const size_t colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view rest = url.substr(colon + 3);
  const size_t slash = std::min(rest.find('/'), rest.size());
  return Parts{.scheme = url.substr(0, colon),
               .authority = rest.substr(0, slash),
               .path = rest.substr(slash)};
}

absl::Status CheckScheme(std::string_view scheme, bool allow_plaintext) {
  if (text::EqualsIgnoreCase(scheme, "https")) return absl::OkStatus();
  if (!text::EqualsIgnoreCase(scheme, "http")) {
    return status::InvalidArgument("has another scheme, want https://");
  }
  if (allow_plaintext) return absl::OkStatus();
  return status::InvalidArgument("is http, which routing.allow_plaintext_upstreams forbids");
}

absl::Status CheckParts(const Parts& parts) {
  if (parts.authority.empty()) return status::InvalidArgument("has no host");
  if (!IsHostPort(parts.authority)) {
    return status::InvalidArgument("has a malformed host or port, want host or host:1-65535");
  }
  if (!std::ranges::all_of(parts.path, IsPathChar)) {
    return status::InvalidArgument("has characters that a path does not have");
  }
  if (HasDotSegment(parts.path) || parts.path.find("//") != std::string_view::npos) {
    return status::InvalidArgument("has empty or dot segments in its path");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> NormalizeBaseUrl(std::string_view url, bool allow_plaintext) {
  if (url.empty()) return status::InvalidArgument("is empty, want https://host/path");
  if (url.size() > kMaxUrlBytes) {
    return status::InvalidArgument("has {} bytes, want at most {}", url.size(), kMaxUrlBytes);
  }
  if (url.find('#') != std::string_view::npos) return status::InvalidArgument("has a fragment");
  if (url.find('?') != std::string_view::npos) return status::InvalidArgument("has a query");
  while (url.ends_with('/')) url.remove_suffix(1);
  const std::optional<Parts> parts = SplitUrl(url);
  if (!parts) return status::InvalidArgument("is no URL, want https://host/path");
  WEIR_RETURN_IF_ERROR(CheckScheme(parts->scheme, allow_plaintext));
  if (parts->authority.find('@') != std::string_view::npos) {
    return status::InvalidArgument("has user information; put the credential into auth_value");
  }
  WEIR_RETURN_IF_ERROR(CheckParts(*parts));
  return fmt::format("{}://{}{}", text::ToLower(parts->scheme), text::ToLower(parts->authority),
                     parts->path);
}

bool IsOrigin(std::string_view text) {
  const std::optional<Parts> parts = SplitUrl(text);
  return parts && (parts->scheme == "https" || parts->scheme == "http") && parts->path.empty() &&
         IsHostPort(parts->authority);
}

}  // namespace weir::routing
