#include "common/log/line.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "common/log/log.h"

namespace weir::log {
namespace {

// What must not reach a log does not compile.
template <typename T>
concept Loggable = requires(T value) { Field("name", value); };
static_assert(Loggable<std::string> && Loggable<std::string_view> && Loggable<const char*>);
static_assert(Loggable<int> && Loggable<uint64_t> && Loggable<bool> && Loggable<double>);
static_assert(!Loggable<Redacted<std::string>>);
static_assert(!Loggable<Redacted<int>>);
static_assert(!Loggable<char> && !Loggable<void*> && !Loggable<std::vector<int>>);
static_assert(!fmt::is_formattable<Redacted<std::string>>::value);

constexpr WallTime kTime{std::chrono::sys_seconds(std::chrono::seconds(1763719200))};

std::string Line(const Field& field) {
  std::string line;
  AppendLine(line, kTime, LineHead("info", ""), "e", {&field, 1});
  constexpr std::string_view kStart =
      R"({"ts":"2025-11-21T10:00:00.000000Z","level":"info","event":"e",)";
  EXPECT_EQ(line.substr(0, kStart.size()), kStart);
  return line.substr(kStart.size());
}

TEST(LineTest, IsOneJsonObject) {
  const Field fields[] = {{"tenant", "acme"}, {"retry_after_ms", 12}, {"cached", false}};
  std::string line = "kept";
  AppendLine(line, kTime + std::chrono::nanoseconds(1'234'567), LineHead("warn", "quota"),
             "quota.reserve.denied", fields);
  EXPECT_EQ(
      line,
      R"(kept{"ts":"2025-11-21T10:00:00.001234Z","level":"warn","svc":"quota",)"
      R"("event":"quota.reserve.denied","tenant":"acme","retry_after_ms":12,"cached":false})");
}

struct FieldCase {
  std::string_view name;
  Field field;
  std::string_view want;
};

TEST(LineTest, WritesEachTypeOfValue) {
  const std::string owned = "owned";
  const FieldCase kCases[] = {
      {"Literal", {"f", "text"}, R"("f":"text"})"},
      {"String", {"f", owned}, R"("f":"owned"})"},
      {"Escaped", {"f", "a\"\n\x1b[0m\xFF"}, "\"f\":\"a\\\"\\n\\u001b[0m\xEF\xBF\xBD\"}"},
      {"EscapedName", {"f\"", 1}, R"("f\"":1})"},
      {"Bool", {"f", true}, R"("f":true})"},
      {"Int", {"f", -7}, R"("f":-7})"},
      {"Int64", {"f", std::numeric_limits<int64_t>::min()}, R"("f":-9223372036854775808})"},
      {"Uint64", {"f", std::numeric_limits<uint64_t>::max()}, R"("f":18446744073709551615})"},
      {"Size", {"f", owned.size()}, R"("f":5})"},
      {"Double", {"f", 0.1}, R"("f":0.1})"},
      {"Float", {"f", 2.5F}, R"("f":2.5})"},
      {"Infinity", {"f", std::numeric_limits<double>::infinity()}, R"("f":null})"},
  };
  for (const FieldCase& each : kCases) EXPECT_EQ(Line(each.field), each.want) << each.name;
}

TEST(LineTest, BoundsAValueWithoutCuttingACharacter) {
  const std::string exact(kMaxValueBytes, 'x');
  EXPECT_EQ(Line({"f", exact}), "\"f\":\"" + exact + "\"}");
  EXPECT_EQ(Line({"f", exact + "y"}), "\"f\":\"" + exact + "...\"}");
  const std::string wide = std::string(kMaxValueBytes - 1, 'x') + "\u20AC";
  EXPECT_EQ(Line({"f", wide}), "\"f\":\"" + exact.substr(1) + "...\"}");
}

TEST(LineTest, KeepsTimeAcrossSecondsAndDays) {
  const std::pair<int64_t, std::string_view> kTimes[] = {
      {0, "1970-01-01T00:00:00.000000Z"},
      {951'782'399'999'999, "2000-02-28T23:59:59.999999Z"},
      {951'782'400'000'000, "2000-02-29T00:00:00.000000Z"},
      {-1, "1969-12-31T23:59:59.999999Z"}};
  for (const auto& [micros, want] : kTimes) {
    std::string line;
    AppendLine(line, FromUnixMicros(micros), LineHead("info", ""), "e", {});
    EXPECT_EQ(line.substr(7, want.size()), want);
  }
}

}  // namespace
}  // namespace weir::log
