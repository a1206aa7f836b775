#include "common/config/endpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <optional>

#include "common/text/parse.h"

namespace weir::config {
namespace {

struct Endpoint {
  std::string host;
  uint16_t port = 0;
};

// "127.0.0.1:8080", "[::]:8443", "localhost:8080".
std::optional<Endpoint> ParseEndpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<uint64_t> port = text::ParseUint64(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  in6_addr parsed{};
  const int family = bracketed ? AF_INET6 : AF_INET;
  const bool is_address = ::inet_pton(family, std::string(host).c_str(), &parsed) == 1;
  if (!is_address || !port || *port > 65535) return std::nullopt;
  return Endpoint{.host = std::string(host), .port = static_cast<uint16_t>(*port)};
}

bool IsEndpoint(std::string_view text) { return ParseEndpoint(text).has_value(); }

}  // namespace

void ReadEndpoint(Reader& reader, bool required, std::string* host, uint16_t* port) {
  std::string text = required ? "" : fmt::format("{}:{}", *host, *port);
  const bool given = reader.String("address", &text,
                                   {.required = required,
                                    .want = "IP:PORT, such as 127.0.0.1:8080 or [::]:8080",
                                    .accept = IsEndpoint});
  if (!given) return;
  Endpoint endpoint = *ParseEndpoint(text);
  *host = std::move(endpoint.host);
  *port = endpoint.port;
}

}  // namespace weir::config
