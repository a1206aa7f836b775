#include <boost/asio/ip/tcp.hpp>

#include "apps/weirctl/command.h"
#include "common/text/excerpt.h"

namespace weir::weirctl {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kScheme = "http://";
constexpr std::chrono::seconds kPatience{4};
constexpr size_t kMaxReason = 300;
constexpr size_t kMaxLine = 1024;
constexpr size_t kMaxHeadLines = 100;

struct Place {
  std::string host, port, path;
};

absl::StatusOr<Place> ReadUrl(const std::string& url) {
  const std::string_view text = url;
  if (text.starts_with(kScheme)) {
    const std::string_view rest = text.substr(kScheme.size());
    const size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view authority = rest.substr(0, slash);
    const size_t colon = authority.rfind(':');
    if (colon != authority.npos && colon > 0 && colon + 1 < authority.size()) {
      return Place{.host = std::string(authority.substr(0, colon)),
                   .port = std::string(authority.substr(colon + 1)),
                   .path = slash == rest.size() ? "/readyz" : std::string(rest.substr(slash))};
    }
  }
  return status::InvalidArgument("'{}' is no address of health, want http://HOST:PORT[/PATH]",
                                 text::Excerpt(text));
}

std::string ReadLine(std::istream& from) {
  std::string line;
  for (char c; line.size() < kMaxLine && from.get(c) && c != '\n';) line += c;
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

// What stands in the answer's body, for people: its first line.
std::string ReadReason(std::istream& from) {
  for (size_t lines = 0; lines < kMaxHeadLines && !ReadLine(from).empty(); ++lines) continue;
  return text::Excerpt(ReadLine(from), kMaxReason);
}

}  // namespace

absl::Status RunReady(const ReadyArguments& arguments) {
  WEIR_ASSIGN_OR_RETURN(const Place place, ReadUrl(arguments.url));
  asio::ip::tcp::iostream server;
  server.expires_after(kPatience);
  server.connect(place.host, place.port);
  if (!server) {
    return status::Unavailable("{} does not answer: {}", arguments.url, server.error().message());
  }
  server << fmt::format("GET {} HTTP/1.0\r\nHost: {}:{}\r\n\r\n", place.path, place.host,
                        place.port)
         << std::flush;
  const std::string head = ReadLine(server);
  if (!head.starts_with("HTTP/1.")) {
    return status::Unavailable("{} gives no answer within {} s", arguments.url, kPatience.count());
  }
  const std::string code = head.substr(std::min<size_t>(head.find(' '), head.size()));
  if (code.starts_with(" 200")) return absl::OkStatus();
  return status::Unavailable("{} says{}: {}", arguments.url, text::Excerpt(code, kMaxReason),
                             ReadReason(server));
}

}  // namespace weir::weirctl
