#include "edge/http/chunked.h"

#include <vector>

#include "common/testing/status_matchers.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

using namespace std::string_view_literals;

struct Decoded {
  absl::Status status;
  std::string data;
  size_t used = 0;
  bool done = false;
};

// Feeds `pieces` one after the other, each only as far as the body goes.
Decoded DecodeAll(const std::vector<std::string_view>& pieces) {
  ChunkedDecoder decoder;
  Decoded decoded;
  for (std::string_view piece : pieces) {
    const absl::StatusOr<size_t> used = decoder.Decode(piece, decoded.data);
    decoded.status = used.status();
    if (!used.ok()) return decoded;
    decoded.used += *used;
    decoded.done = decoder.done();
    if (decoded.done) break;
    EXPECT_EQ(*used, piece.size()) << "bytes were left although the body goes on";
  }
  return decoded;
}

struct GoodCase {
  std::string_view name, body, data;
  size_t behind = 0;  // Bytes that are not of the body.
};
class GoodChunksTest : public ::testing::TestWithParam<GoodCase> {};

TEST_P(GoodChunksTest, DecodesWholeAndSplitAnywhere) {
  const auto& [name, body, data, behind] = GetParam();
  for (size_t cut = 0; cut <= body.size(); ++cut) {
    for (size_t second = cut; second <= body.size(); ++second) {
      const Decoded decoded =
          DecodeAll({body.substr(0, cut), body.substr(cut, second - cut), body.substr(second)});
      ASSERT_THAT(decoded.status, IsOk()) << cut << "," << second;
      ASSERT_EQ(decoded.data, data) << cut << "," << second;
      ASSERT_TRUE(decoded.done);
      ASSERT_EQ(decoded.used, body.size() - behind);
    }
  }
}
TEST_P(GoodChunksTest, DecodesByteByByte) {
  std::vector<std::string_view> bytes;
  for (size_t i = 0; i < GetParam().body.size(); ++i) bytes.push_back(GetParam().body.substr(i, 1));
  const Decoded decoded = DecodeAll(bytes);
  ASSERT_THAT(decoded.status, IsOk());
  EXPECT_EQ(decoded.data, GetParam().data);
  EXPECT_TRUE(decoded.done);
}
TEST_P(GoodChunksTest, IsNotDoneBeforeItsLastByte) {
  const auto& [name, body, data, behind] = GetParam();
  const Decoded decoded = DecodeAll({body.substr(0, body.size() - behind - 1)});
  ASSERT_THAT(decoded.status, IsOk());
  EXPECT_FALSE(decoded.done);
}
INSTANTIATE_TEST_SUITE_P(Bodies, GoodChunksTest,
                         ::testing::ValuesIn<GoodCase>({
                             {"Empty", "0\r\n\r\n", ""},
                             {"OneChunk", "5\r\nhello\r\n0\r\n\r\n", "hello"},
                             {"TwoChunks", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"},
                             {"HexOfBothCases", "a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n",
                              "01234567890123456789a"},
                             {"LeadingZeros", "0005\r\nhello\r\n000\r\n\r\n", "hello"},
                             {"LineEndsInData", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"},
                             {"Extension", "5;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n", "hello"},
                             {"Trailers", "5\r\nhello\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n", "hello"},
                             {"NextRequestBehind", "2\r\nhi\r\n0\r\n\r\nGET / HTTP/1.1", "hi", 14},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

struct BadCase {
  std::string_view name, body, why;
};
class BadChunksTest : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadChunksTest, IsRefusedHoweverItIsSplit) {
  const std::string_view body = GetParam().body;
  for (size_t cut = 0; cut <= body.size(); ++cut) {
    const Decoded decoded = DecodeAll({body.substr(0, cut), body.substr(cut)});
    ASSERT_THAT(decoded.status,
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().why)))
        << cut;
  }
}
INSTANTIATE_TEST_SUITE_P(Bodies, BadChunksTest,
                         ::testing::ValuesIn<BadCase>({
                             {"NoSize", "\r\nhello\r\n", "hex digits"},
                             {"NotHex", "g\r\n", "hex digits"},
                             {"Prefix0x", "0x5\r\nhello\r\n", "CRLF after a chunk size"},
                             {"Plus", "+5\r\nhello\r\n", "hex digits"},
                             {"Minus", "-5\r\nhello\r\n", "hex digits"},
                             {"SpaceBefore", " 5\r\nhello\r\n", "hex digits"},
                             {"SpaceBehind", "5 \r\nhello\r\n", "CRLF after a chunk size"},
                             {"Underscore", "1_0\r\n", "CRLF after a chunk size"},
                             {"SixteenDigits", "0000000000000005\r\nhello\r\n", "15 digits"},
                             {"BareLfBehindSize", "5\nhello\r\n", "CRLF after a chunk size"},
                             {"CrWithoutLfBehindSize", "5\rhello\r\n", "LF after CR"},
                             {"LongerThanItsSize", "3\r\nhello\r\n", "CRLF after chunk data"},
                             {"BareLfBehindData", "5\r\nhello\n0\r\n\r\n", "CRLF after chunk data"},
                             {"CrWithoutLfBehindData", "5\r\nhello\rx", "LF after CR"},
                             {"BareLfInExtension", "5;a\nhello\r\n", "control character"},
                             {"NulInExtension", "5;a\0b\r\nhello\r\n"sv, "control character"},
                             {"BareCrInExtension", "5;a\rb\r\nhello\r\n", "LF after CR"},
                             {"BareLfInTrailer", "0\r\nX: y\nZ: z\r\n\r\n", "control character"},
                             {"BareCrInTrailer", "0\r\nX: y\rZ: z\r\n\r\n", "LF after CR"},
                             {"NulInTrailer", "0\r\nX\0: y\r\n\r\n"sv, "control character"},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(ChunkedDecoderTest, BoundsExtensionsAndTrailers) {
  std::string many;
  for (int i = 0; i < 300; ++i) many += "1;" + std::string(16, 'x') + "\r\na\r\n";
  EXPECT_THAT(DecodeAll({many}).status,
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4096")));
  EXPECT_THAT(DecodeAll({"0\r\nX: " + std::string(5000, 'y')}).status,
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4096")));
}

TEST(ChunkHeadTest, IsReadBackByTheDecoder) {
  for (const size_t size :
       {size_t{1}, size_t{9}, size_t{16}, size_t{255}, size_t{4096}, size_t{1000003}}) {
    char space[20];
    const std::string head(ChunkHead(size, space));
    const std::string body =
        head + std::string(size, 'x') + std::string(kChunkEnd) + std::string(kLastChunk);
    const Decoded decoded = DecodeAll({body});
    ASSERT_THAT(decoded.status, IsOk()) << size;
    EXPECT_EQ(decoded.data.size(), size);
    EXPECT_TRUE(decoded.done);
  }
}
TEST(ChunkHeadTest, HoldsTheLargestSize) {
  char space[20];
  EXPECT_EQ(ChunkHead(~size_t{0}, space), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace weir::edge
