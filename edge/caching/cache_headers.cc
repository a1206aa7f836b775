#include "edge/caching/cache_headers.h"

#include <algorithm>

#include "common/text/ascii.h"
#include "common/text/parse.h"

namespace weir::edge {
namespace {

constexpr size_t kLongestHeader = 1024;

// RFC 9110, 5.6.2.
bool IsToken(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [kMarks](char c) {
    return text::IsAlnum(c) || kMarks.find(c) != std::string_view::npos;
  });
}

// Length of the quoted string at the beginning of `text`, with its quotes; npos: it does not end.
size_t QuotedLength(std::string_view text) {
  for (size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

struct Directive {
  std::string_view name;
  std::optional<std::string_view> value;  // As written, without quotes.
};

// Cuts the first directive and the comma behind it off `rest`. Nothing: it is malformed.
std::optional<Directive> CutDirective(std::string_view& rest) {
  const size_t name_end = std::min(rest.find_first_of("=,"), rest.size());
  Directive read{.name = text::Trim(rest.substr(0, name_end)), .value = std::nullopt};
  rest.remove_prefix(name_end);
  if (rest.starts_with('=')) {
    rest.remove_prefix(1);
    const bool quoted = rest.starts_with('"');
    const size_t length = quoted ? QuotedLength(rest) : std::min(rest.find(','), rest.size());
    if (length == std::string_view::npos) return std::nullopt;
    const std::string_view value = rest.substr(0, length);
    rest.remove_prefix(length);
    read.value = quoted ? value.substr(1, length - 2) : text::Trim(value);
    if (!quoted && !IsToken(*read.value)) return std::nullopt;
  }
  const size_t comma = rest.find_first_not_of(" \t");
  if (comma != std::string_view::npos && rest[comma] != ',') return std::nullopt;
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  // An empty element of the list is none.
  if (!read.name.empty() || read.value) {
    if (!IsToken(read.name)) return std::nullopt;
  }
  return read;
}

bool TakeMaxAge(const Directive& directive, CacheControl& control) {
  if (!directive.value || directive.value->empty()) return false;
  const std::string_view digits = *directive.value;
  if (!std::all_of(digits.begin(), digits.end(), text::IsDigit)) return false;
  // More seconds than can be counted are as many as can be.
  const Duration age =
      digits.size() > 9
          ? kLongestMaxAge
          : std::min<Duration>(kLongestMaxAge, std::chrono::seconds(*text::ParseInt64(digits)));
  if (control.max_age && *control.max_age != age) return false;
  control.max_age = age;
  return true;
}

bool Take(const Directive& directive, CacheControl& control) {
  const auto is = [&directive](std::string_view name) {
    return text::EqualsIgnoreCase(directive.name, name);
  };
  if (is("max-age")) return TakeMaxAge(directive, control);
  if (is("no-cache")) control.no_cache = true;
  if (is("no-store")) control.no_store = true;
  if (is("only-if-cached")) control.only_if_cached = true;
  return true;
}

std::optional<CacheControl> Parse(std::string_view header) {
  CacheControl control;
  if (header.size() > kLongestHeader) return std::nullopt;
  while (!header.empty()) {
    const std::optional<Directive> directive = CutDirective(header);
    if (!directive || !Take(*directive, control)) return std::nullopt;
  }
  return control;
}

}  // namespace

CacheControl ParseCacheControl(std::string_view header) {
  CacheControl unreadable;
  unreadable.no_cache = true;
  return Parse(header).value_or(unreadable);
}

std::string_view CacheStatusName(CacheStatus status) {
  constexpr std::string_view kNames[] = {"HIT", "MISS", "BYPASS"};
  return kNames[static_cast<size_t>(status)];
}

void AddCacheStatus(CacheStatus status, Headers& headers) {
  headers.Add("x-cache-status", CacheStatusName(status));
}

void AddCacheHit(std::string_view kind, Duration age, Headers& headers) {
  AddCacheStatus(CacheStatus::kHit, headers);
  headers.Add("x-cache-kind", kind == "exact" ? "exact" : "semantic");
  headers.Add("age",
              std::max<int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(age).count()));
}

}  // namespace weir::edge
