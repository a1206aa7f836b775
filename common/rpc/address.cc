#include "common/rpc/address.h"

#include <charconv>

#include "common/text/excerpt.h"

namespace weir::rpc {
namespace {

bool IsPort(std::string_view port) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc() && end == port.data() + port.size() && number <= 65535;
}

// Without a colon, an IPv6 host is in brackets; so the last colon ends the host.
bool IsHostPort(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view host = address.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  return IsPort(address.substr(colon + 1)) &&
         (bracketed || host.find(':') == std::string_view::npos);
}

bool IsLoopback(std::string_view address) {
  const std::string_view host = address.substr(0, address.rfind(':'));
  if (host == "localhost" || host == "[::1]") return true;
  // Four numbers: "127.evil.example" is a name that anybody can point anywhere.
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

absl::Status CheckAddress(std::string_view address, bool tls) {
  if (address.starts_with("unix:") && address.size() > 5) return absl::OkStatus();
  if (!IsHostPort(address)) {
    return status::InvalidArgument("the address is '{}', want HOST:PORT or unix:PATH",
                                   text::Excerpt(address));
  }
  if (tls || IsLoopback(address)) return absl::OkStatus();
  return status::InvalidArgument("the address is '{}' without TLS, want a loopback address, or TLS",
                                 text::Excerpt(address));
}

}  // namespace weir::rpc
