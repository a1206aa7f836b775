#include "edge/http/request_shape.h"

#include <algorithm>

#include "common/text/ascii.h"
#include "edge/http/header_rules.h"

namespace weir::edge {
namespace {

struct Seen {
  int hosts = 0;
  int lengths = 0;
  int codings = 0;
};

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

absl::Status CheckRequestLine(std::string_view line) {
  const size_t first = line.find(' ');
  const size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || line.find(' ', second + 1) != std::string_view::npos) {
    return status::InvalidArgument("the request line is malformed: want METHOD TARGET VERSION");
  }
  const std::string_view method = line.substr(0, first);
  if (!IsToken(method)) {
    return status::InvalidArgument("the request method is malformed: want a token");
  }
  const std::string_view target = line.substr(first + 1, second - first - 1);
  if (target.empty()) return status::InvalidArgument("the request target is empty: want a path");
  for (const unsigned char c : target) {
    if (c <= 0x20 || c >= 0x7f) {
      return status::InvalidArgument(
          "the request target has a byte outside printable ASCII: want it percent-encoded");
    }
  }
  const std::string_view version = line.substr(second + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return status::InvalidArgument("the HTTP version is not one of HTTP/1.1 and HTTP/1.0");
  }
  return absl::OkStatus();
}

absl::Status CheckField(std::string_view line, Seen& seen) {
  if (line.front() == ' ' || line.front() == '\t') {
    return status::InvalidArgument("a header line is folded: want each header on one line");
  }
  const size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || !IsToken(name)) {
    return status::InvalidArgument(
        "a header line is malformed: want NAME: VALUE without space before the colon");
  }
  const std::string_view value = TrimBlanks(line.substr(colon + 1));
  if (!IsHeaderValue(value)) {
    return status::InvalidArgument("a header value has a control character");
  }
  if (text::EqualsIgnoreCase(name, "host")) {
    ++seen.hosts;
  } else if (text::EqualsIgnoreCase(name, "content-length")) {
    ++seen.lengths;
    const bool decimal =
        !value.empty() && value.size() <= 15 &&
        std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!decimal) {
      return status::InvalidArgument("Content-Length is malformed: want one decimal number");
    }
  } else if (text::EqualsIgnoreCase(name, "transfer-encoding")) {
    ++seen.codings;
    if (!text::EqualsIgnoreCase(value, "chunked")) {
      return status::InvalidArgument("Transfer-Encoding is not supported: want a single 'chunked'");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRequestShape(std::string_view head) {
  Seen seen;
  bool first = true;
  bool http_1_1 = true;
  while (!head.empty()) {
    const size_t end = head.find('\n');
    if (end == std::string_view::npos || end == 0 || head[end - 1] != '\r') {
      return status::InvalidArgument("a line does not end with CRLF");
    }
    const std::string_view line = head.substr(0, end - 1);
    head.remove_prefix(end + 1);
    if (line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos) {
      return status::InvalidArgument("a line has a bare CR or a NUL");
    }
    if (first) {
      WEIR_RETURN_IF_ERROR(CheckRequestLine(line));
      http_1_1 = line.ends_with("1.1");
      first = false;
    } else if (line.empty()) {
      break;
    } else {
      WEIR_RETURN_IF_ERROR(CheckField(line, seen));
    }
  }
  if (seen.hosts > 1 || (http_1_1 && seen.hosts == 0)) {
    return status::InvalidArgument("Host came {} times: want it exactly once", seen.hosts);
  }
  if (seen.lengths > 1) return status::InvalidArgument("Content-Length came more than once");
  if (seen.codings > 1) return status::InvalidArgument("Transfer-Encoding came more than once");
  if (seen.lengths > 0 && seen.codings > 0) {
    return status::InvalidArgument("Content-Length and Transfer-Encoding came together");
  }
  if (seen.codings > 0 && !http_1_1) {
    return status::InvalidArgument("Transfer-Encoding came with HTTP/1.0");
  }
  return absl::OkStatus();
}

}  // namespace weir::edge
