#include "common/crypto/hmac.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "common/text/hex.h"

namespace weir::crypto {
namespace {

struct VectorCase {
  std::string name, key, data, want;
};
class HmacVectorTest : public ::testing::TestWithParam<VectorCase> {};

TEST_P(HmacVectorTest, MatchesRfc4231) {
  const Hmac hmac(GetParam().key);
  // Twice: the second call runs on the state that the first one left.
  EXPECT_EQ(text::HexEncode(ToBytes(hmac(GetParam().data))), GetParam().want);
  EXPECT_EQ(text::HexEncode(ToBytes(hmac(GetParam().data))), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Rfc4231, HmacVectorTest,
    ::testing::ValuesIn<VectorCase>({
        {.name = "Case1",
         .key = std::string(20, '\x0b'),
         .data = "Hi There",
         .want = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {.name = "Case2ShortKey",
         .key = "Jefe",
         .data = "what do ya want for nothing?",
         .want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {.name = "Case3",
         .key = std::string(20, '\xaa'),
         .data = std::string(50, '\xdd'),
         .want = "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {.name = "Case4",
         .key = *text::HexDecode("0102030405060708090a0b0c0d0e0f10111213141516171819"),
         .data = std::string(50, '\xcd'),
         .want = "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {.name = "Case6LongKey",
         .key = std::string(131, '\xaa'),
         .data = "Test Using Larger Than Block-Size Key - Hash Key First",
         .want = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {.name = "Case7LongKeyAndData",
         .key = std::string(131, '\xaa'),
         .data = "This is a test using a larger than block-size key and a larger than "
                 "block-size data. The key needs to be hashed before being used by the HMAC "
                 "algorithm.",
         .want = "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
        {.name = "EmptyKeyAndData",
         .key = "",
         .data = "",
         .want = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    }),
    [](const auto& each) { return each.param.name; });

TEST(HmacTest, ThreadsDoNotDisturbEachOther) {
  const Hmac hmac("Jefe");
  const Digest want = hmac("what do ya want for nothing?");
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 500; ++j) EXPECT_EQ(hmac("what do ya want for nothing?"), want);
    });
  }
  for (std::thread& each : threads) each.join();
}

TEST(Sha256Test, MatchesTheVectorsOfTheStandard) {
  const std::pair<std::string, std::string> kVectors[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1'000'000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}};
  for (const auto& [data, want] : kVectors) {
    EXPECT_EQ(text::HexEncode(ToBytes(Sha256(data))), want);
  }
}

TEST(EqualInConstantTimeTest, ComparesAllBytes) {
  EXPECT_TRUE(EqualInConstantTime("", ""));
  EXPECT_TRUE(EqualInConstantTime("abc", "abc"));
  EXPECT_FALSE(EqualInConstantTime("abc", "abd"));
  EXPECT_FALSE(EqualInConstantTime("abc", "xbc"));
  EXPECT_FALSE(EqualInConstantTime("abc", "ab"));
  EXPECT_FALSE(EqualInConstantTime("", "a"));
}

}  // namespace
}  // namespace weir::crypto
