#include "edge/http/inflater.h"

#include <random>

#include "common/testing/status_matchers.h"
#include "edge/testing/gzip.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::weir::edge::testing::Gzip;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

constexpr size_t kLarge = 1 << 30;
constexpr int kAnyRatio = 1'000'000;

// Text that does not compress well.
std::string Noise(size_t size) {
  std::minstd_rand random(7);
  std::string text(size, ' ');
  for (char& each : text) each = static_cast<char>('a' + random() % 26);
  return text;
}

TEST(InflaterTest, DecodesWholeAndSplitAnywhere) {
  const std::string text = "{\"model\":\"gpt-4o-mini\",\"messages\":[]}";
  const std::string packed = Gzip(text);
  for (size_t cut = 0; cut <= packed.size(); ++cut) {
    Inflater inflater(kLarge, kAnyRatio);
    std::string out;
    ASSERT_THAT(inflater.Feed(std::string_view(packed).substr(0, cut), out), IsOk());
    ASSERT_EQ(inflater.done(), cut == packed.size());
    ASSERT_THAT(inflater.Feed(std::string_view(packed).substr(cut), out), IsOk()) << cut;
    ASSERT_TRUE(inflater.done());
    ASSERT_EQ(out, text);
  }
}

TEST(InflaterTest, DecodesByteByByte) {
  const std::string text = Noise(5'000);
  Inflater inflater(kLarge, kAnyRatio);
  std::string out;
  for (const char each : Gzip(text)) ASSERT_THAT(inflater.Feed({&each, 1}, out), IsOk());
  EXPECT_TRUE(inflater.done());
  EXPECT_EQ(out, text);
}

// The end of the data may fill the decoder's own buffer exactly.
TEST(InflaterTest, NothingBehindTheEndIsNoError) {
  for (const size_t size : {16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 32 * 1024, 0}) {
    Inflater inflater(kLarge, kAnyRatio);
    std::string out;
    ASSERT_THAT(inflater.Feed(Gzip(std::string(size, 'x')), out), IsOk()) << size;
    EXPECT_TRUE(inflater.done());
    EXPECT_EQ(out.size(), size);
    EXPECT_THAT(inflater.Feed({}, out), IsOk()) << size;
    EXPECT_TRUE(inflater.done());
  }
}

TEST(InflaterTest, EndsAtItsBoundInBytes) {
  const std::string packed = Gzip(Noise(100'000));
  std::string out;
  Inflater fits(100'000, kAnyRatio);
  EXPECT_THAT(fits.Feed(packed, out), IsOk());
  out.clear();
  Inflater tight(99'999, kAnyRatio);
  EXPECT_THAT(tight.Feed(packed, out), StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("99999")));
  EXPECT_LE(out.size(), 99'999U);
}

TEST(InflaterTest, EndsABombByItsRatio) {
  const std::string packed = Gzip(std::string(64 << 20, 'x'));  // About 1000 to 1.
  Inflater inflater(kLarge, 20);
  std::string out;
  EXPECT_THAT(inflater.Feed(packed, out),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("20 times")));
  EXPECT_LE(out.size(), 64 * 1024 + packed.size() * 20);
}

TEST(InflaterTest, SmallBodiesMayCompressWell) {
  Inflater inflater(kLarge, 20);
  std::string out;
  EXPECT_THAT(inflater.Feed(Gzip(std::string(60 * 1024, 'x')), out), IsOk());
  EXPECT_TRUE(inflater.done());
}

TEST(InflaterTest, RefusesBytesBehindTheEnd) {
  const std::string packed = Gzip("hello");
  for (const std::string_view behind : {std::string_view("x"), std::string_view(packed)}) {
    Inflater at_once(kLarge, kAnyRatio);
    std::string out;
    EXPECT_THAT(at_once.Feed(packed + std::string(behind), out),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("follow the end")));
    Inflater later(kLarge, kAnyRatio);
    ASSERT_THAT(later.Feed(packed, out), IsOk());
    EXPECT_THAT(later.Feed(behind, out),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("follow the end")));
  }
}

TEST(InflaterTest, ATruncatedBodyIsNotDone) {
  const std::string packed = Gzip(Noise(1'000));
  for (size_t size = 0; size < packed.size(); ++size) {
    Inflater inflater(kLarge, kAnyRatio);
    std::string out;
    ASSERT_THAT(inflater.Feed(std::string_view(packed).substr(0, size), out), IsOk()) << size;
    ASSERT_FALSE(inflater.done()) << size;
  }
}

struct BadCase {
  std::string_view name;
  std::string bytes;
};
class BadGzipTest : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadGzipTest, IsRefused) {
  Inflater inflater(kLarge, kAnyRatio);
  std::string out;
  EXPECT_THAT(inflater.Feed(GetParam().bytes, out),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not valid gzip")));
}
std::string Damaged(size_t from_end) {
  std::string packed = Gzip("hello hello hello");
  packed[packed.size() - from_end] ^= 0x55;
  return packed;
}
INSTANTIATE_TEST_SUITE_P(Bodies, BadGzipTest,
                         ::testing::ValuesIn<BadCase>({
                             {"Json", "{\"model\":\"x\"}"},
                             {"Zlib", "\x78\x9c\x03\x00\x00\x00\x00\x01"},
                             {"WrongLength", Damaged(1)},
                             {"WrongChecksum", Damaged(5)},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::edge
