#include "edge/admin/door_request.h"

#include <algorithm>

#include "common/text/ascii.h"
#include "common/text/excerpt.h"
#include "common/text/parse.h"

namespace weir::edge {
namespace {

constexpr Duration kUsualTimeout = std::chrono::seconds(30);
constexpr Duration kLongestTimeout = std::chrono::seconds(60);
constexpr size_t kLongestToken = 1024;

bool Lists(const std::vector<std::string>& all, std::string_view value) {
  return std::ranges::find(all, text::ToLower(value)) != all.end();
}

// A page that came from this door itself. A proxy in front may have taken the TLS off.
bool IsOwnOrigin(std::string_view origin, std::string_view host) {
  return text::EqualsIgnoreCase(origin, fmt::format("http://{}", host)) ||
         text::EqualsIgnoreCase(origin, fmt::format("https://{}", host));
}

bool IsJson(std::string_view content_type) {
  const size_t semicolon = content_type.find(';');
  if (!text::EqualsIgnoreCase(text::Trim(content_type.substr(0, semicolon)), "application/json")) {
    return false;
  }
  if (semicolon == std::string_view::npos) return true;
  const std::string_view parameter = text::Trim(content_type.substr(semicolon + 1));
  return text::EqualsIgnoreCase(parameter, "charset=utf-8") ||
         text::EqualsIgnoreCase(parameter, "charset=\"utf-8\"");
}

DoorRefusal WrongMethod(std::string_view method) {
  return {.http_status = 405,
          .status = status::Unimplemented("the method {} is not served, want POST",
                                          text::Excerpt(method, 20)),
          .headers = {{"allow", "POST, OPTIONS"}}};
}

DoorRefusal WrongType(std::string_view name, std::string_view value, std::string_view want) {
  return {.http_status = 415,
          .status = status::Unimplemented("{} is '{}', want {}", name, text::Excerpt(value), want),
          .headers = {{"accept-post", "application/json"}}};
}

}  // namespace

std::optional<DoorRefusal> CheckCaller(const DoorRules& rules, const RequestHead& head) {
  const std::string_view host = head.Find("host");
  if (!Lists(rules.hosts, host)) {
    return DoorRefusal{.http_status = 421,
                       .status = status::FailedPrecondition("'{}' is not a host of this door",
                                                            text::Excerpt(host))};
  }
  const std::string origin = head.FindAll("origin");
  if (origin.empty() || IsOwnOrigin(origin, host) || Lists(rules.origins, origin)) {
    return std::nullopt;
  }
  return DoorRefusal{.http_status = 403,
                     .status = status::PermissionDenied("pages of '{}' may not call this door",
                                                        text::Excerpt(origin))};
}

Headers CrossOriginHeaders(const DoorRules& rules, const RequestHead& head, bool preflight) {
  Headers headers;
  const std::string_view origin = head.Find("origin");
  if (origin.empty() || !Lists(rules.origins, origin)) return headers;
  headers.Add("access-control-allow-origin", origin);
  headers.Add("vary", "origin");
  if (!preflight) return headers;
  headers.Add("access-control-allow-methods", "POST");
  headers.Add("access-control-allow-headers",
              "authorization, content-type, connect-protocol-version, connect-timeout-ms");
  headers.Add("access-control-max-age", "600");
  return headers;
}

std::optional<DoorRefusal> CheckForm(const RequestHead& head) {
  if (head.method != "POST") return WrongMethod(head.method);
  const std::string type = head.FindAll("content-type");
  if (!IsJson(type)) return WrongType("content-type", type, "application/json");
  const std::string coding = head.FindAll("content-encoding");
  if (!coding.empty() && !text::EqualsIgnoreCase(coding, "identity")) {
    return WrongType("content-encoding", coding, "identity");
  }
  const std::string version = head.FindAll("connect-protocol-version");
  if (version.empty() || version == "1") return std::nullopt;
  return DoorRefusal{.http_status = 400,
                     .status = status::InvalidArgument("connect-protocol-version is '{}', want 1",
                                                       text::Excerpt(version))};
}

absl::StatusOr<Duration> TimeoutOf(const RequestHead& head) {
  const std::string wanted = head.FindAll("connect-timeout-ms");
  if (wanted.empty()) return kUsualTimeout;
  const std::optional<uint64_t> milliseconds =
      wanted.size() <= 10 ? text::ParseUint64(wanted) : std::nullopt;
  if (!milliseconds) {
    return status::InvalidArgument("connect-timeout-ms is '{}', want a number of up to ten digits",
                                   text::Excerpt(wanted));
  }
  return std::min<Duration>(std::chrono::milliseconds(*milliseconds), kLongestTimeout);
}

absl::StatusOr<std::string> AuthorizationOf(const RequestHead& head) {
  const std::string value = head.FindAll("authorization");
  const auto parts = text::SplitOnce(value, ' ');
  if (!parts || !text::EqualsIgnoreCase(parts->first, "bearer")) {
    return status::Unauthenticated("no admin token came, want 'Authorization: Bearer wa_...'");
  }
  const std::string_view token = text::Trim(parts->second);
  // What is not visible ASCII is no metadata of gRPC, and no token of ours.
  const bool printable = std::ranges::all_of(token, [](char c) { return c > ' ' && c <= '~'; });
  if (token.empty() || token.size() > kLongestToken || !printable) {
    return status::Unauthenticated("what came in Authorization is not an admin token");
  }
  return fmt::format("Bearer {}", token);
}

}  // namespace weir::edge
