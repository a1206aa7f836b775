#include "services/cache/code_names.h"

#include <algorithm>
#include <optional>

#include "common/text/ascii.h"

namespace weir::cache {
namespace {

using text::IsAlnum;
using text::IsDigit;
using text::IsLower;
using text::IsUpper;

constexpr std::string_view kOpeningQuote = "\u201c";
constexpr std::string_view kClosingQuote = "\u201d";

bool BeginsToken(char c) { return IsAlnum(c) || c == '_'; }
bool ContinuesToken(char c) {
  return BeginsToken(c) || c == '.' || c == '\'' || c == '/' || c == '-';
}

bool IsCapitalised(std::string_view token) {
  return IsUpper(token[0]) && token != "I" && token != "I'm" && token != "I've" && token != "I'd";
}

// Two neighbours that prose does not have: nA, 2f, f2, a.b.
bool IsCodePair(std::string_view token, size_t at) {
  const char one = token[at];
  const char next = token[at + 1];
  if (one == '.') return at > 0 && BeginsToken(token[at - 1]) && BeginsToken(next);
  return (IsLower(one) && (IsUpper(next) || IsDigit(next))) || (IsDigit(one) && IsLower(next));
}

bool IsCode(std::string_view token) {
  if (token.find_first_of("_/") != std::string_view::npos) return true;
  for (size_t at = 0; at + 1 < token.size(); ++at) {
    if (IsCodePair(token, at)) return true;
  }
  return false;
}

std::string NameOf(std::string_view token) {
  const size_t last = token.find_last_not_of(".'");
  return text::ToLower(token.substr(0, last == std::string_view::npos ? 0 : last + 1));
}

void AddTokens(std::string_view text, std::vector<std::string>& names) {
  bool first = true;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    if (BeginsToken(text[at])) {
      while (end < text.size() && ContinuesToken(text[end])) ++end;
      const std::string_view token = text.substr(at, end - at);
      if ((!first && IsCapitalised(token)) || IsCode(token)) names.push_back(NameOf(token));
      first = false;
    }
    at = std::max(end, at + 1);
  }
}

// The bytes of the quote that opens at `at`, 0 if none does.
size_t QuoteAt(std::string_view text, size_t at, std::string_view curly) {
  if (text[at] == '"') return 1;
  return text.substr(at).starts_with(curly) ? curly.size() : 0;
}

void AddQuoted(std::string_view text, std::vector<std::string>& names) {
  for (size_t at = 0; at < text.size();) {
    const size_t open = QuoteAt(text, at, kOpeningQuote);
    if (open == 0) {
      ++at;
      continue;
    }
    const size_t begin = at + open;
    size_t end = begin;
    while (end < text.size() && QuoteAt(text, end, kClosingQuote) == 0) ++end;
    if (end == text.size()) return;  // Nothing closes any more.
    if (end > begin) names.push_back(text::ToLower(text.substr(begin, end - begin)));
    // An empty quotation is none: its second mark may open one.
    at = end > begin ? end + QuoteAt(text, end, kClosingQuote) : begin;
  }
}

}  // namespace

std::vector<std::string> CodeNames(std::string_view text) {
  std::vector<std::string> names;
  AddTokens(text, names);
  AddQuoted(text, names);
  return names;
}

}  // namespace weir::cache
