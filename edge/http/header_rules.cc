#include "edge/http/header_rules.h"

#include <algorithm>
#include <array>

#include "common/text/ascii.h"

namespace weir::edge {
namespace {

constexpr std::array<std::string_view, 25> kNeverForwarded = {
    "accept-encoding",  "api-key",
    "api_key",          "apikey",
    "authorization",    "connection",
    "content-encoding", "content-length",
    "content-type",     "cookie",
    "expect",           "host",
    "keep-alive",       "openai-organization",
    "openai-project",   "proxy-authorization",
    "proxy-connection", "te",
    "trailer",          "transfer-encoding",
    "upgrade",          "x-api-key",
    "x-goog-api-key",   "x-request-id",
    "www-authenticate"};

bool IsTokenChar(unsigned char c) {
  return text::IsAlnum(static_cast<char>(c)) ||
         std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
}

}  // namespace

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar);
}

bool IsHeaderValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](unsigned char c) { return (c >= 0x20 && c != 0x7f) || c == '\t'; });
}

bool IsNeverForwarded(std::string_view name) {
  return std::any_of(kNeverForwarded.begin(), kNeverForwarded.end(),
                     [name](std::string_view each) { return text::EqualsIgnoreCase(name, each); });
}

}  // namespace weir::edge
