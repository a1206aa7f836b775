#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "services/cache/index.h"
#include "services/cache/int8_dot.h"

namespace weir::cache {

// Compares with every vector: as bytes first, the best of those as floats. Exact but for vectors
// that are closer to each other than a byte can tell, and there are no more than so many.
//
// 340 bytes a row of 256 dimensions, and the vectors themselves, which others own; about 6 ns a row
// and search. Rows lie in blocks, so that none moves when others come; the first block grows with
// them, as most partitions have few.
class FlatIndex final : public Index {
 public:
  // The first components of a row lie beside those of others besides: with the length of the rest
  // they say how near it can be at most.
  static constexpr size_t kHead = 64;

  // What is sought, for several searches. Refers to `vector`, which is of length 1.
  struct Query {
    Query(std::span<const float> vector);  // NOLINT(google-explicit-constructor)
    Query(const std::vector<float>& vector) : Query(std::span(vector)) {}  // NOLINT
    std::span<const float> vector;
    std::vector<int8_t> bytes;
    float scale = 0;
    float rest = 0;  // The length of what is behind the head.
  };

  // `dimension`: as Index says.
  explicit FlatIndex(size_t dimension) : dimension_(dimension) {}

  // Takes the place of what `row` had. Rows may come in any order; memory is for the highest.
  // `vector` must stay as it is until the row is set again or cleared.
  void Set(uint32_t row, std::span<const float> vector);
  // No search finds it any more.
  void Clear(uint32_t row);

  std::vector<Neighbour> Search(std::span<const float> query, size_t most,
                                Accepts accepts) const override {
    return Search(Query(query), most, accepts, kAnything);
  }
  // The same where no more is wanted than those whose cosine is `least` or more: of the others it
  // may leave out all but one, which need not be the nearest. Reads a quarter of the bytes then.
  static constexpr float kAnything = -2;
  std::vector<Neighbour> Search(const Query& query, size_t most, Accepts accepts,
                                float least) const;
  // The same among `rows` alone.
  std::vector<Neighbour> SearchAmong(std::span<const uint32_t> rows, const Query& query,
                                     size_t most, Accepts accepts, float least = kAnything) const;

  // The vector of a row; empty where it was cleared.
  std::span<const float> At(uint32_t row) const {
    const float* const vector = BlockOf(row).vectors[row % kBlock];
    return {vector, vector == nullptr ? 0 : dimension_};
  }
  size_t dimension() const { return dimension_; }
  // What it takes, without the vectors.
  size_t Bytes() const;

 private:
  class Best;
  static constexpr size_t kBlock = 256;  // Rows.
  // Of a row: how long a unit of its bytes is, 0 where there is nothing; the length of what is
  // behind its head.
  struct Size {
    float scale = 0, rest = 0;
  };
  struct Block {
    size_t rows = 0;  // There is room for.
    std::unique_ptr<int8_t[]> bytes;
    std::unique_ptr<int8_t[]> heads;
    std::unique_ptr<Size[]> sizes;
    std::unique_ptr<const float*[]> vectors;  // Null: cleared.
  };
  Block& BlockOf(uint32_t row) { return blocks_[row / kBlock]; }
  const Block& BlockOf(uint32_t row) const { return blocks_[row / kBlock]; }
  bool HasHeads() const { return dimension_ > kHead; }
  bool SearchesByHeads(float least) const;
  void MakeRoom(uint32_t row);
  Block Grown(const Block& block, size_t rows) const;
  void SearchBlock(size_t block, Best& best, Accepts accepts) const;
  // The same by the heads first.
  void SearchHeads(size_t block, Best& best, Accepts accepts) const;
  void Prefetch(uint32_t row, bool by_heads) const;
  float Bound(const Block& in, size_t at, int32_t dot, const Query& query) const;
  void Offer(uint32_t row, Best& best, Accepts accepts) const;
  std::vector<Neighbour> Ranked(const Best& best, size_t most) const;

  const size_t dimension_;
  const Int8Dots int8_dots_ = FastestInt8Dots();
  const FloatDot float_dot_ = FastestFloatDot();
  std::vector<Block> blocks_;
};

// `found` of several indexes as one: the `most` nearest.
std::vector<Neighbour> Nearest(std::vector<Neighbour> found, size_t most);

}  // namespace weir::cache
