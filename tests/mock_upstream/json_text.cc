#include "tests/mock_upstream/json_text.h"

#include <fmt/format.h>
#include <simdjson.h>

namespace weir::mock {
namespace {

void AppendEscaped(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
  }
}

bool IsPlain(unsigned char c) { return c >= 0x20 && c != '"' && c != '\\'; }

}  // namespace

void AppendJson(std::string& out, std::string_view text) {
  const bool valid = simdjson::validate_utf8(text.data(), text.size());
  out += '"';
  for (size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (!valid && c >= 0x80) {
      out += "\\ufffd";
      ++at;
    } else if (!IsPlain(c)) {
      AppendEscaped(out, c);
      ++at;
    } else {
      const size_t start = at;
      while (at < text.size() && IsPlain(static_cast<unsigned char>(text[at])) &&
             (valid || static_cast<unsigned char>(text[at]) < 0x80)) {
        ++at;
      }
      out += text.substr(start, at - start);
    }
  }
  out += '"';
}

std::string Json(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  AppendJson(out, text);
  return out;
}

std::string_view Utf8Prefix(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

}  // namespace weir::mock
