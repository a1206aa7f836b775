#include "common/redis/codec.h"

#include <gmock/gmock.h>

#include "common/redis/address.h"
#include "common/testing/status_matchers.h"

namespace weir::redis {
namespace {

using testing::IsOk;
using testing::StatusIs;
using namespace std::string_literals;  // NOLINT: for a zero byte in a text.

TEST(EncodeTest, CountsBytes) {
  EXPECT_EQ(Encode({"SET", "k", std::string_view("\0\r\n", 3)}),
            "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n\0\r\n\r\n"s);
}

// "(a 1 nil !ERR)": what came, in one line.
std::string Show(const Reply& reply) {
  switch (reply.kind) {
    case Reply::Kind::kNil:
      return "nil";
    case Reply::Kind::kInteger:
      return std::to_string(reply.integer);
    case Reply::Kind::kText:
      return reply.text;
    case Reply::Kind::kError:
      return "!" + reply.text;
    default:
      break;
  }
  std::string all = "(";
  for (const Reply& each : reply.items) all += (all.size() > 1 ? " " : "") + Show(each);
  return all + ")";
}

struct DecodeCase {
  std::string_view name, bytes, want;
};
class DecoderTest : public ::testing::TestWithParam<DecodeCase> {};

TEST_P(DecoderTest, ReadsWhateverTheCuts) {
  const std::string_view bytes = GetParam().bytes;
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    Decoder decoder(1000);
    ASSERT_THAT(decoder.Feed(bytes.substr(0, cut)), IsOk());
    auto reply = decoder.Next();
    ASSERT_THAT(reply, IsOk());
    if (!reply->has_value()) {
      ASSERT_THAT(decoder.Feed(bytes.substr(cut)), IsOk());
      reply = decoder.Next();
    }
    ASSERT_TRUE(reply.ok() && reply->has_value()) << "cut at " << cut;
    EXPECT_EQ(Show(**reply), GetParam().want) << "cut at " << cut;
  }
}
INSTANTIATE_TEST_SUITE_P(
    Replies, DecoderTest,
    ::testing::ValuesIn<DecodeCase>(
        {{.name = "Status", .bytes = "+OK\r\n", .want = "OK"},
         {.name = "Error", .bytes = "-ERR no\r\n", .want = "!ERR no"},
         {.name = "Integer", .bytes = ":-9007199254740993\r\n", .want = "-9007199254740993"},
         {.name = "Bulk", .bytes = "$3\r\na\r\n\r\n", .want = "a\r\n"},
         {.name = "Nil", .bytes = "$-1\r\n", .want = "nil"},
         {.name = "NilArray", .bytes = "*-1\r\n", .want = "nil"},
         {.name = "Empty", .bytes = "*0\r\n", .want = "()"},
         {.name = "Nested",
          .bytes = "*3\r\n*2\r\n:1\r\n$1\r\nx\r\n-NO\r\n*1\r\n$-1\r\n",
          .want = "((1 x) !NO (nil))"}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(DecoderBoundsTest, RefusesWhatIsTooLargeOrNoResp) {
  for (const std::string_view bad : {"*70000\r\n", "?\r\n", ":x\r\n", "*1\r\n*70000\r\n"}) {
    Decoder decoder(1000);
    ASSERT_THAT(decoder.Feed(bad), IsOk());
    EXPECT_THAT(decoder.Next(), StatusIs(absl::StatusCode::kDataLoss)) << bad;
  }
  Decoder decoder(1000);
  ASSERT_THAT(decoder.Feed("$5000\r\n" + std::string(2000, 'x')), IsOk());
  EXPECT_THAT(decoder.Next(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(DecoderBoundsTest, ManyRepliesAtOnceAreNoLargeReply) {
  Decoder decoder(100);
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += "+OK\r\n";
  ASSERT_THAT(decoder.Feed(bytes + "$3\r\nab"), IsOk());
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(decoder.Next().value().has_value());
  EXPECT_FALSE(decoder.Next().value().has_value());
  ASSERT_THAT(decoder.Feed("c\r\n"), IsOk());
  EXPECT_EQ(decoder.Next().value()->text, "abc");
}

struct ErrorCase {
  std::string_view text;
  absl::StatusCode want;
};
TEST(ErrorOfTest, SaysWhatACallerCanDo) {
  for (const ErrorCase& each : std::initializer_list<ErrorCase>{
           {"NOSCRIPT No matching script", absl::StatusCode::kFailedPrecondition},
           {"NOAUTH Authentication required.", absl::StatusCode::kUnauthenticated},
           {"WRONGPASS invalid", absl::StatusCode::kUnauthenticated},
           {"NOPERM this user", absl::StatusCode::kPermissionDenied},
           {"LOADING Redis is loading", absl::StatusCode::kUnavailable},
           {"OOM command not allowed", absl::StatusCode::kUnavailable},
           {"READONLY You can't write", absl::StatusCode::kUnavailable},
           {"ERR unknown command", absl::StatusCode::kInternal}}) {
    EXPECT_EQ(ErrorOf(each.text).code(), each.want) << each.text;
  }
}

TEST(AddressTest, ReadsHostsPortsAndPaths) {
  for (const std::string_view good :
       {"localhost:6379", "10.0.0.1:1", "[::1]:65535", "unix:/run/redis.sock"}) {
    ASSERT_TRUE(IsAddress(good)) << good;
    EXPECT_EQ(AddressText(*ParseAddress(good)), good);
  }
  for (const std::string_view bad : {"", "localhost", "localhost:0", "localhost:65536", ":6379",
                                     "::1:6379", "[::1]", "unix:", "[a]:1", "a:b"}) {
    EXPECT_FALSE(IsAddress(bad)) << bad;
  }
}

}  // namespace
}  // namespace weir::redis
