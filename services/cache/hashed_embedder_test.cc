#include "services/cache/hashed_embedder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/cache/int8_vector.h"

namespace weir::cache {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Pair;

std::vector<float> VectorOf(std::string_view text) {
  std::vector<float> vector(HashedEmbedder::kDimension, 7);
  EXPECT_TRUE(HashedEmbedder().Embed(text, vector)) << text;
  return vector;
}

float CosineOf(std::string_view a, std::string_view b) {
  const std::vector<float> left = VectorOf(a);
  const std::vector<float> right = VectorOf(b);
  return std::inner_product(left.begin(), left.end(), right.begin(), 0.0F);
}

TEST(HashedEmbedderTest, TextsThatAreWrittenAlikeAreClose) {
  constexpr std::string_view kText = "How do I reset my password?";
  EXPECT_NEAR(CosineOf(kText, kText), 1, 1e-5);
  EXPECT_NEAR(CosineOf(kText, "how do i  RESET my password ?"), 1, 1e-5);
  EXPECT_GT(CosineOf(kText, "How do I reset my pasword?"), 0.75);
  EXPECT_LT(CosineOf(kText, "Which Redis settings are required?"), 0.3);
}

TEST(HashedEmbedderTest, OrderCounts) {
  EXPECT_LT(CosineOf("dog bites man", "man bites dog"), 0.95);
}

TEST(HashedEmbedderTest, NothingIsNotSearchable) {
  std::vector<float> vector(HashedEmbedder::kDimension, 7);
  for (const std::string_view text : {"", "  \n", "\x01\xff"}) {
    EXPECT_FALSE(HashedEmbedder().Embed(text, vector));
    EXPECT_THAT(vector, Each(0));
  }
}

// Stored vectors depend on it: with another hash the code version has to change.
TEST(HashedEmbedderTest, StaysAsItIs) {
  std::vector<int8_t> bytes(HashedEmbedder::kDimension);
  ToInt8(VectorOf("Ob\u00e9 1"), bytes);
  std::vector<std::pair<size_t, int>> filled;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != 0) filled.emplace_back(i, bytes[i]);
  }
  EXPECT_THAT(filled,
              ElementsAre(Pair(0, -32), Pair(7, 32), Pair(9, 64), Pair(11, -32), Pair(57, 32),
                          Pair(58, -32), Pair(165, 127), Pair(209, 127), Pair(244, 32)));
  EXPECT_EQ(HashedEmbedder().fingerprint().size(), 64U);
}

TEST(HashedEmbedderTest, WhatIsBeyondItsBoundsIsNotRead) {
  std::string words;
  for (int i = 0; i < 512; ++i) words += "a ";
  EXPECT_EQ(VectorOf(words), VectorOf(words + "b"));
  const std::string space(Embedder::kMaxTextBytes - 1, ' ');
  EXPECT_EQ(VectorOf("a" + space), VectorOf("a" + space + "b"));
}

TEST(HashedEmbedderTest, AnyBytesHaveLengthOneOrNone) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    std::vector<float> vector(HashedEmbedder::kDimension, 7);
    const bool searchable = HashedEmbedder().Embed(text, vector);
    const float square = std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0F);
    RC_ASSERT((searchable ? square > 0.9999F && square < 1.0001F : square == 0));
  }));
}

}  // namespace
}  // namespace weir::cache
