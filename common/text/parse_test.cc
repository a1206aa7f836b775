#include "common/text/parse.h"

#include <gtest/gtest.h>

#include <limits>
#include <ostream>

namespace weir::text {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

struct IntCase {
  std::string_view text;
  std::optional<int64_t> want;
};

TEST(ParseInt64Test, TakesTheWholeTextOrNothing) {
  const IntCase kCases[] = {{"0", 0},
                            {"-12", -12},
                            {"9223372036854775807", std::numeric_limits<int64_t>::max()},
                            {"-9223372036854775808", std::numeric_limits<int64_t>::min()},
                            {"9223372036854775808", std::nullopt},
                            {"99999999999999999999", std::nullopt},
                            {"", std::nullopt},
                            {"-", std::nullopt},
                            {"+1", std::nullopt},
                            {" 1", std::nullopt},
                            {"1 ", std::nullopt},
                            {"1x", std::nullopt},
                            {"0x10", std::nullopt},
                            {"1.0", std::nullopt}};
  for (const IntCase& each : kCases) EXPECT_EQ(ParseInt64(each.text), each.want) << each.text;
}

TEST(ParseUint64Test, HasNoSign) {
  EXPECT_EQ(ParseUint64("18446744073709551615"), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(ParseUint64("18446744073709551616"), std::nullopt);
  EXPECT_EQ(ParseUint64("-1"), std::nullopt);
}

struct DoubleCase {
  std::string_view text;
  std::optional<double> want;
};

TEST(ParseDoubleTest, IsFiniteAndWhole) {
  const DoubleCase kCases[] = {
      {"0.25", 0.25},        {"-1e3", -1000.0},     {"7", 7.0},          {"1e999", std::nullopt},
      {"inf", std::nullopt}, {"nan", std::nullopt}, {"", std::nullopt},  {"1,5", std::nullopt},
      {"+1", std::nullopt},  {" 1", std::nullopt},  {"1e", std::nullopt}};
  for (const DoubleCase& each : kCases) EXPECT_EQ(ParseDouble(each.text), each.want) << each.text;
}

TEST(ParseBoolTest, KnowsTwoWords) {
  EXPECT_EQ(ParseBool("true"), true);
  EXPECT_EQ(ParseBool("false"), false);
  for (std::string_view text : {"", "True", "yes", "1"}) EXPECT_EQ(ParseBool(text), std::nullopt);
}

struct DurationCase {
  std::string_view text;
  std::optional<Duration> want;
};

TEST(ParseDurationTest, ReadsUnitsInFallingOrder) {
  const DurationCase kCases[] = {{"250ms", milliseconds(250)},
                                 {"1s", seconds(1)},
                                 {"1m", minutes(1)},
                                 {"2h", hours(2)},
                                 {"1d", hours(24)},
                                 {"1h30m", minutes(90)},
                                 {"2m59.56s", seconds(179) + milliseconds(560)},
                                 {"1.5s", milliseconds(1500)},
                                 {"0.1s", milliseconds(100)},
                                 {"0.001us", nanoseconds(1)},
                                 {"0.0000000001s", nanoseconds(0)},
                                 {"15us3ns", nanoseconds(15'003)},
                                 {"0s", seconds(0)},
                                 {"106751d", hours(24 * 106751)}};
  for (const DurationCase& each : kCases)
    EXPECT_EQ(ParseDuration(each.text), each.want) << each.text;
}

TEST(ParseDurationTest, RefusesTheRest) {
  for (std::string_view text : {"",     "0",   "60",      "s",          "-1s",
                                "+1s",  " 1s", "1s ",     "1 s",        "1m1h",
                                "1s1s", "1.s", ".5s",     "1..5s",      "1S",
                                "1sec", "1w",  "106752d", "106751d24h", "99999999999999999999s",
                                "1m30"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

struct FormatCase {
  Duration duration;
  std::string_view want;
};

TEST(FormatDurationTest, WritesWhatParseReadsBack) {
  const FormatCase kCases[] = {{seconds(0), "0s"},
                               {minutes(90), "1h30m"},
                               {seconds(60), "1m"},
                               {milliseconds(250), "250ms"},
                               {milliseconds(1500), "1.5s"},
                               {microseconds(1500), "1.5ms"},
                               {nanoseconds(7), "7ns"},
                               {hours(49) + seconds(1), "2d1h1s"},
                               {hours(1) + nanoseconds(1), "1h1ns"},
                               {seconds(61) + nanoseconds(10), "1m1.00000001s"}};
  for (const FormatCase& each : kCases) {
    EXPECT_EQ(FormatDuration(each.duration), each.want);
    EXPECT_EQ(ParseDuration(each.want), each.duration) << each.want;
  }
  EXPECT_EQ(FormatDuration(-milliseconds(1500)), "-1.5s");
  EXPECT_EQ(FormatDuration(Duration::min()), "-106751d23h47m16.854775807s");
}

TEST(FormatRateLimitResetTest, LooksLikeTheOpenAiHeaders) {
  const FormatCase kCases[] = {{milliseconds(12), "12ms"},
                               {seconds(1), "1s"},
                               {minutes(6), "6m0s"},
                               {milliseconds(86'400), "1m26.4s"},
                               {milliseconds(59'999), "59.999s"},
                               {hours(1) + milliseconds(50), "1h0m0.05s"},
                               {hours(48), "48h0m0s"},
                               {nanoseconds(1), "1ms"},
                               {seconds(60) - nanoseconds(1), "1m0s"},
                               {seconds(0), "0s"},
                               {-seconds(5), "0s"}};
  for (const FormatCase& each : kCases) EXPECT_EQ(FormatRateLimitReset(each.duration), each.want);
}

TEST(ParseByteSizeTest, KnowsBinaryAndDecimalUnits) {
  const IntCase kCases[] = {{"16MiB", 16 << 20},
                            {"64KiB", 64 << 10},
                            {"65536", 65536},
                            {"0", 0},
                            {"7B", 7},
                            {"2GB", 2'000'000'000},
                            {"1TiB", int64_t{1} << 40},
                            {"8388607TiB", int64_t{8388607} << 40},
                            {"8388608TiB", std::nullopt},
                            {"", std::nullopt},
                            {"MiB", std::nullopt},
                            {"-1", std::nullopt},
                            {"1.5MiB", std::nullopt},
                            {"16 MiB", std::nullopt},
                            {"16mib", std::nullopt},
                            {"16M", std::nullopt}};
  for (const IntCase& each : kCases) EXPECT_EQ(ParseByteSize(each.text), each.want) << each.text;
}

TEST(FormatByteSizeTest, TakesTheLargestExactUnit) {
  EXPECT_EQ(FormatByteSize(16 << 20), "16MiB");
  EXPECT_EQ(FormatByteSize(1536), "1536B");
  EXPECT_EQ(FormatByteSize(3 << 10), "3KiB");
  EXPECT_EQ(FormatByteSize(1'000'000), "1000000B");
  EXPECT_EQ(FormatByteSize(0), "0B");
}

}  // namespace
}  // namespace weir::text
