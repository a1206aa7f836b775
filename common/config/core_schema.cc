#include "common/config/core_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "common/text/ascii.h"
#include "common/text/json_escape.h"

namespace weir::config {
namespace {

struct Word {
  std::string_view yaml, json;
};
constexpr std::array<Word, 22> kWords = {{{"~", "null"},
                                          {"null", "null"},
                                          {"Null", "null"},
                                          {"NULL", "null"},
                                          {"true", "true"},
                                          {"True", "true"},
                                          {"TRUE", "true"},
                                          {"false", "false"},
                                          {"False", "false"},
                                          {"FALSE", "false"},
                                          {".inf", "\"Infinity\""},
                                          {".Inf", "\"Infinity\""},
                                          {".INF", "\"Infinity\""},
                                          {"+.inf", "\"Infinity\""},
                                          {"+.Inf", "\"Infinity\""},
                                          {"+.INF", "\"Infinity\""},
                                          {"-.inf", "\"-Infinity\""},
                                          {"-.Inf", "\"-Infinity\""},
                                          {"-.INF", "\"-Infinity\""},
                                          {".nan", "\"NaN\""},
                                          {".NaN", "\"NaN\""},
                                          {".NAN", "\"NaN\""}}};

std::string_view TakeDigits(std::string_view& rest) {
  size_t size = 0;
  while (size < rest.size() && text::IsDigit(rest[size])) ++size;
  const std::string_view digits = rest.substr(0, size);
  rest.remove_prefix(size);
  return digits;
}

std::string_view WithoutLeadingZeros(std::string_view digits) {
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return digits;
}

// 0x1F and 0o17.
std::optional<std::string> OtherBase(std::string_view scalar) {
  const int base = scalar.starts_with("0x") ? 16 : scalar.starts_with("0o") ? 8 : 0;
  if (base == 0) return std::nullopt;
  uint64_t value = 0;
  const char* end = scalar.data() + scalar.size();
  const auto [stopped, error] = std::from_chars(scalar.data() + 2, end, value, base);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return fmt::format("{}", value);
}

// [-+] DIGITS [. DIGITS] [e [-+] DIGITS], with digits on one side of the point at least: as JSON
// writes it, digit for digit.
std::optional<std::string> Number(std::string_view scalar) {
  std::string json;
  if (scalar.starts_with('-')) json.push_back('-');
  if (scalar.starts_with('-') || scalar.starts_with('+')) scalar.remove_prefix(1);
  const std::string_view whole = TakeDigits(scalar);
  json += whole.empty() ? "0" : WithoutLeadingZeros(whole);
  std::string_view fraction;
  if (scalar.starts_with('.')) {
    scalar.remove_prefix(1);
    fraction = TakeDigits(scalar);
    if (!fraction.empty()) json += fmt::format(".{}", fraction);
  }
  if (whole.empty() && fraction.empty()) return std::nullopt;
  if (scalar.empty()) return json;
  if (scalar.front() != 'e' && scalar.front() != 'E') return std::nullopt;
  scalar.remove_prefix(1);
  json.push_back('e');
  if (scalar.starts_with('-')) json.push_back('-');
  if (scalar.starts_with('-') || scalar.starts_with('+')) scalar.remove_prefix(1);
  const std::string_view exponent = TakeDigits(scalar);
  if (exponent.empty() || !scalar.empty()) return std::nullopt;
  return json + std::string(exponent);
}

}  // namespace

void AppendScalar(std::string& json, std::string_view scalar, bool quoted) {
  if (quoted) return text::AppendJsonString(json, scalar);
  const auto* const word = std::find_if(kWords.begin(), kWords.end(),
                                        [&](const Word& each) { return each.yaml == scalar; });
  if (word != kWords.end()) {
    json += word->json;
  } else if (const std::optional<std::string> other = OtherBase(scalar)) {
    json += *other;
  } else if (const std::optional<std::string> number = Number(scalar)) {
    json += *number;
  } else {
    text::AppendJsonString(json, scalar);
  }
}

}  // namespace weir::config
