#pragma once

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
// 1.3 KB a row of 256 dimensions; about 6 ns a row and search. Rows lie in blocks, so that none
// moves when others come.
class FlatIndex final : public Index {
 public:
  // `dimension`: as Index says.
  explicit FlatIndex(size_t dimension) : dimension_(dimension) {}

  // Takes the place of what `row` had. Rows may come in any order; memory is for the highest.
  void Set(uint32_t row, std::span<const float> vector);
  // No search finds it any more.
  void Clear(uint32_t row);

  std::vector<Neighbour> Search(std::span<const float> query, size_t most,
                                Accepts accepts) const override {
    return Search(query, most, accepts, kAnything);
  }
  // The same where no more is wanted than those whose cosine is `least` or more: of the others it
  // may leave out all but one, which need not be the nearest. Reads a quarter of the bytes then.
  static constexpr float kAnything = -2;
  std::vector<Neighbour> Search(std::span<const float> query, size_t most, Accepts accepts,
                                float least) const;
  // The same among `rows` alone.
  std::vector<Neighbour> SearchAmong(std::span<const uint32_t> rows, std::span<const float> query,
                                     size_t most, Accepts accepts, float least = kAnything) const;

  // The vector of a row that was set.
  std::span<const float> At(uint32_t row) const {
    return {BlockOf(row).floats.get() + (row % kBlock) * dimension_, dimension_};
  }
  size_t dimension() const { return dimension_; }

 private:
  class Best;
  static constexpr size_t kBlock = 256;  // Rows.
  // The first components of a row lie beside those of others besides: with the length of the rest
  // they say how near it can be at most.
  static constexpr size_t kHead = 64;
  struct Block {
    std::unique_ptr<int8_t[]> bytes;
    std::unique_ptr<float[]> floats;
    std::unique_ptr<float[]> scales;  // By row; 0: there is nothing.
    std::unique_ptr<int8_t[]> heads;
    std::unique_ptr<float[]> rests;  // By row: the length of what is behind the head.
  };
  Block& BlockOf(uint32_t row) { return blocks_[row / kBlock]; }
  const Block& BlockOf(uint32_t row) const { return blocks_[row / kBlock]; }
  void AddBlock();
  void SearchBlock(size_t block, Best& best, Accepts accepts) const;
  // The same by the heads first.
  void SearchHeads(size_t block, Best& best, Accepts accepts) const;
  void Prefetch(uint32_t row) const;
  void Offer(uint32_t row, Best& best, Accepts accepts) const;
  std::vector<Neighbour> Ranked(const Best& best, std::span<const float> query, size_t most) const;

  const size_t dimension_;
  const Int8Dots int8_dots_ = FastestInt8Dots();
  const FloatDot float_dot_ = FastestFloatDot();
  std::vector<Block> blocks_;
};

// `found` of several indexes as one: the `most` nearest.
std::vector<Neighbour> Nearest(std::vector<Neighbour> found, size_t most);

}  // namespace weir::cache
