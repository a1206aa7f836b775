#include "services/cache/alignment.h"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <vector>

namespace weir::cache {
namespace {

using ::testing::FloatNear;

constexpr std::array<int8_t, 2> kEast = {10, 0};
constexpr std::array<int8_t, 2> kNorth = {0, 20};
constexpr std::array<int8_t, 2> kNothing = {0, 0};

Piece PieceOf(std::span<const int8_t> row) {
  return {.row = row, .norm = std::hypot(static_cast<float>(row[0]), static_cast<float>(row[1]))};
}

TEST(AlignmentTest, EachPieceMeetsItsBest) {
  const std::vector<Piece> a = {PieceOf(kEast), PieceOf(kNorth)};
  const std::vector<Piece> b = {PieceOf(kEast)};
  const Alignment both = Align(a, b, 0.5F, 10);
  EXPECT_EQ(both.cosine, 0.5F);
  // East weighs 1 and is met, north weighs 2 and is not.
  EXPECT_THAT(both.a.mean, FloatNear(1.0F / 3, 1e-6F));
  EXPECT_THAT(both.a.worst, FloatNear(0, 1e-6F));
  EXPECT_THAT(both.a.missing, FloatNear(2, 1e-6F));
  EXPECT_THAT(both.a.most_missed, FloatNear(2, 1e-6F));
  EXPECT_THAT(both.b.mean, FloatNear(1, 1e-6F));
  EXPECT_THAT(both.b.missing, FloatNear(0, 1e-6F));
}

TEST(AlignmentTest, WithoutPiecesThereIsTheCosineAlone) {
  const std::vector<Piece> some = {PieceOf(kEast)};
  const Alignment none = Align(some, {}, 0.25F, 10);
  EXPECT_EQ(none.cosine, 0.25F);
  EXPECT_EQ(none.a.mean, 0);
  EXPECT_EQ(none.b.worst, 0);
}

TEST(AlignmentTest, ARowOfZerosIsLikeNothing) {
  const std::vector<Piece> empty = {PieceOf(kNothing)};
  const std::vector<Piece> some = {PieceOf(kEast)};
  const Alignment both = Align(empty, some, 0, 10);
  EXPECT_EQ(both.a.mean, 0);
  EXPECT_EQ(both.b.worst, 0);
}

}  // namespace
}  // namespace weir::cache
