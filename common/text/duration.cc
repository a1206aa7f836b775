// The durations of parse.h.
#include <fmt/format.h>

#include <array>
#include <limits>

#include "common/text/ascii.h"
#include "common/text/parse.h"

namespace weir::text {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;

struct TimeUnit {
  std::string_view name;
  int64_t nanos;
};
// Falling, as they must come in a text.
constexpr std::array<TimeUnit, 7> kUnits = {{{"d", 24 * kHour},
                                             {"h", kHour},
                                             {"m", kMinute},
                                             {"s", kSecond},
                                             {"ms", 1'000'000},
                                             {"us", 1'000},
                                             {"ns", 1}}};

// Takes the characters that `is` accepts off the front of `text`.
template <typename Is>
std::string_view Take(std::string_view& text, Is is) {
  size_t size = 0;
  while (size < text.size() && is(text[size])) ++size;
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(size);
  return taken;
}

// The nanoseconds of 0.`digits` units. In integers: 0.1 s is 100 ms, not a nanosecond less.
int64_t Fraction(std::string_view digits, int64_t unit_nanos) {
  // From the last digit on; what each division drops is below what the next one keeps.
  int64_t nanos = 0;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    nanos = ((*digit - '0') * unit_nanos + nanos) / 10;
  }
  return nanos;
}

// One NUMBER UNIT off the front of `text`, of a unit from kUnits[first] on, which moves behind it.
std::optional<int64_t> TakeComponent(std::string_view& text, size_t& first) {
  const std::optional<int64_t> whole = ParseInt64(Take(text, IsDigit));
  if (!whole) return std::nullopt;
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = Take(text, IsDigit);
    if (fraction.empty()) return std::nullopt;
  }
  const std::string_view name = Take(text, IsLower);
  while (first < kUnits.size() && kUnits[first].name != name) ++first;
  if (first == kUnits.size()) return std::nullopt;
  const int64_t unit = kUnits[first++].nanos;
  int64_t nanos = 0;
  if (__builtin_mul_overflow(*whole, unit, &nanos) ||
      __builtin_add_overflow(nanos, Fraction(fraction, unit), &nanos)) {
    return std::nullopt;
  }
  return nanos;
}

// "1.5" for 1500 of 1000; no trailing zeros.
std::string Decimal(int64_t value, int64_t unit) {
  std::string text = fmt::format("{}", value / unit);
  if (value % unit == 0) return text;
  std::string digits = fmt::format("{}", unit + value % unit).substr(1);
  while (digits.ends_with('0')) digits.pop_back();
  return text + "." + digits;
}

}  // namespace

std::optional<Duration> ParseDuration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int64_t total = 0;
  for (size_t first = 0; !text.empty();) {
    const std::optional<int64_t> nanos = TakeComponent(text, first);
    if (!nanos || __builtin_add_overflow(total, *nanos, &total)) return std::nullopt;
  }
  return Duration(total);
}

std::string FormatDuration(Duration duration) {
  int64_t nanos = duration.count();
  if (nanos == std::numeric_limits<int64_t>::min()) ++nanos;  // Has no positive twin.
  if (nanos < 0) return "-" + FormatDuration(Duration(-nanos));
  std::string text;
  for (const TimeUnit& unit : kUnits) {
    if (nanos < unit.nanos) continue;
    // Days, hours and minutes as whole numbers; the rest as one decimal number.
    if (unit.nanos <= kSecond) return text + Decimal(nanos, unit.nanos) + std::string(unit.name);
    text += fmt::format("{}{}", nanos / unit.nanos, unit.name);
    nanos %= unit.nanos;
  }
  return text.empty() ? "0s" : text;
}

std::string FormatRateLimitReset(Duration duration) {
  const int64_t millis = duration.count() <= 0 ? 0 : (duration.count() - 1) / 1'000'000 + 1;
  if (millis == 0) return "0s";
  if (millis < 1000) return fmt::format("{}ms", millis);
  const int64_t minutes = millis / 60'000;
  const std::string seconds = Decimal(millis % 60'000, 1000) + "s";
  if (minutes == 0) return seconds;
  if (minutes < 60) return fmt::format("{}m{}", minutes, seconds);
  return fmt::format("{}h{}m{}", minutes / 60, minutes % 60, seconds);
}

}  // namespace weir::text
