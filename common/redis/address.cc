#include "common/redis/address.h"

#include <fmt/format.h>

#include "common/text/parse.h"

namespace weir::redis {
namespace {

constexpr std::string_view kUnix = "unix:";
// What sockaddr_un takes.
constexpr size_t kMaxPath = 107;

}  // namespace

std::optional<Address> ParseAddress(std::string_view text) {
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    if (path.empty() || path.size() > kMaxPath) return std::nullopt;
    return Address{.path = std::string(path)};
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<uint64_t> port = text::ParseUint64(text.substr(colon + 1));
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool is_v6 = host.find(':') != std::string_view::npos;
  if (host.empty() || host.size() > 253 || is_v6 != bracketed) return std::nullopt;
  return Address{.host = std::string(host), .port = static_cast<uint16_t>(*port)};
}

std::string AddressText(const Address& address) {
  if (address.is_unix()) return fmt::format("{}{}", kUnix, address.path);
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", address.host, address.port)
               : fmt::format("{}:{}", address.host, address.port);
}

}  // namespace weir::redis
