#include "common/log/line.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "common/text/json_escape.h"
#include "common/text/utf8.h"

namespace weir::log {
namespace {

constexpr size_t kTimeSize = 27;  // "2025-11-21T10:00:00.000000Z"

// Writes `width` decimal digits of `value` at `at`.
void PutDigits(char* at, int width, int64_t value) {
  for (int i = width - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

// "2025-11-21T10:00:00" into `text`.
void PutSecond(std::array<char, kTimeSize>& text, std::chrono::sys_seconds second) {
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(second - day);
  constexpr std::string_view kShape = "0000-00-00T00:00:00.000000Z";
  kShape.copy(text.data(), kShape.size());
  PutDigits(&text[0], 4, static_cast<int>(date.year()));
  PutDigits(&text[5], 2, static_cast<unsigned>(date.month()));
  PutDigits(&text[8], 2, static_cast<unsigned>(date.day()));
  PutDigits(&text[11], 2, time.hours().count());
  PutDigits(&text[14], 2, time.minutes().count());
  PutDigits(&text[17], 2, time.seconds().count());
}

void AppendTime(std::string& out, WallTime time) {
  // The calendar is worked out once a second and thread; between two seconds only the digits after
  // the point move.
  thread_local std::chrono::sys_seconds cached_second = std::chrono::sys_seconds::min();
  thread_local std::array<char, kTimeSize> text;
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  if (second != cached_second) {
    PutSecond(text, second);
    cached_second = second;
  }
  PutDigits(&text[20], 6, (time - second).count() / 1000);
  out.append(text.data(), text.size());
}

template <typename Number>
void AppendNumber(std::string& out, Number number) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

struct AppendValue {
  std::string& out;

  void operator()(std::string_view text) const {
    out.push_back('"');
    const std::string_view kept = text::Utf8Prefix(text, kMaxValueBytes);
    text::AppendJsonEscaped(out, kept);
    if (kept.size() < text.size()) out += "...";
    out.push_back('"');
  }
  void operator()(int64_t number) const { AppendNumber(out, number); }
  void operator()(uint64_t number) const { AppendNumber(out, number); }
  void operator()(double number) const {
    // JSON has no word for infinity.
    if (!std::isfinite(number)) {
      out += "null";
    } else {
      AppendNumber(out, number);
    }
  }
  void operator()(bool truth) const { out += truth ? "true" : "false"; }
};

}  // namespace

void AppendLine(std::string& out, WallTime time, std::string_view head, std::string_view event,
                std::span<const Field> fields) {
  out += R"({"ts":")";
  AppendTime(out, time);
  out += head;
  text::AppendJsonEscaped(out, event);
  out.push_back('"');
  for (const Field& each : fields) {
    out += ",\"";
    text::AppendJsonEscaped(out, each.name());
    out += "\":";
    std::visit(AppendValue{out}, each.value());
  }
  out.push_back('}');
}

std::string LineHead(std::string_view level, std::string_view service) {
  std::string head = R"(","level":")";
  head += level;
  if (!service.empty()) {
    head += R"(","svc":")";
    text::AppendJsonEscaped(head, service);
  }
  head += R"(","event":")";
  return head;
}

}  // namespace weir::log
