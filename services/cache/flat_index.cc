#include "services/cache/flat_index.h"

#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "services/cache/int8_vector.h"

namespace weir::cache {
namespace {

// So many more than wanted are compared as floats.
constexpr size_t kSpare = 8;
// Cosines of bytes and of floats differ by less.
constexpr float kByteError = 0.03F;
// Rows that are fetched before they are compared.
constexpr size_t kAhead = 8;
// So many are kept without memory of their own.
constexpr size_t kUsual = 24;
// Rows for which a first block has room.
constexpr size_t kFirst = 4;
// From there on heads tell most rows apart.
constexpr float kWorthHeads = 0.5F;

float LengthBehind(std::span<const int8_t> vector, size_t head) {
  int32_t squares = 0;
  for (size_t i = head; i < vector.size(); ++i) squares += int32_t{vector[i]} * vector[i];
  return std::sqrt(static_cast<float>(squares));
}

bool IsNearer(const Neighbour& a, const Neighbour& b) {
  return a.cosine != b.cosine ? a.cosine > b.cosine : a.row < b.row;
}

}  // namespace

FlatIndex::Query::Query(std::span<const float> vector) : vector(vector), bytes(vector.size()) {
  scale = ToInt8(vector, bytes);
  if (vector.size() > kHead) rest = LengthBehind(bytes, kHead) * scale;
}

// The best so far, the worst of them first.
class FlatIndex::Best {
 public:
  Best(const Query& query, size_t most, float least)
      : most_(most + kSpare), least_(least - kByteError), query_(query) {}

  bool Wants(float cosine) const { return cosine > worst_; }
  void Add(Neighbour neighbour) {
    heap_.push_back(neighbour);
    std::ranges::push_heap(heap_, IsNearer);
    if (heap_.size() > most_) {
      std::ranges::pop_heap(heap_, IsNearer);
      heap_.pop_back();
    }
    worst_ = heap_.size() == most_ ? std::max(least_, heap_.front().cosine) : least_;
  }

  const Query& query() const { return query_; }
  std::span<const Neighbour> all() const { return heap_; }

 private:
  const size_t most_;
  const float least_;
  const Query& query_;
  float worst_ = -std::numeric_limits<float>::infinity();  // The first may be anything.
  absl::InlinedVector<Neighbour, kUsual> heap_;
};

FlatIndex::Block FlatIndex::Grown(const Block& block, size_t rows) const {
  Block grown{.rows = rows,
              .bytes = std::make_unique<int8_t[]>(rows * dimension_),
              .heads = std::make_unique<int8_t[]>(HasHeads() ? rows * kHead : 0),
              .sizes = std::make_unique<Size[]>(rows),
              .vectors = std::make_unique<const float*[]>(rows)};
  std::copy_n(block.bytes.get(), block.rows * dimension_, grown.bytes.get());
  if (HasHeads()) std::copy_n(block.heads.get(), block.rows * kHead, grown.heads.get());
  std::copy_n(block.sizes.get(), block.rows, grown.sizes.get());
  std::copy_n(block.vectors.get(), block.rows, grown.vectors.get());
  return grown;
}

void FlatIndex::MakeRoom(uint32_t row) {
  while (row / kBlock > blocks_.size()) blocks_.push_back(Grown({}, kBlock));
  if (row / kBlock == blocks_.size()) blocks_.push_back(Grown({}, row < kBlock ? kFirst : kBlock));
  Block& block = BlockOf(row);
  size_t rows = block.rows;
  while (rows <= row % kBlock) rows *= 2;
  if (rows != block.rows) block = Grown(block, rows);
}

void FlatIndex::Set(uint32_t row, std::span<const float> vector) {
  MakeRoom(row);
  Block& block = BlockOf(row);
  const size_t at = row % kBlock;
  block.vectors[at] = vector.data();
  const std::span<int8_t> bytes(block.bytes.get() + at * dimension_, dimension_);
  Size size{.scale = ToInt8(vector, bytes)};
  if (HasHeads()) {
    std::ranges::copy(bytes.first(kHead), block.heads.get() + at * kHead);
    size.rest = LengthBehind(bytes, kHead) * size.scale;
  }
  block.sizes[at] = size;
}

void FlatIndex::Clear(uint32_t row) {
  if (row / kBlock >= blocks_.size() || row % kBlock >= BlockOf(row).rows) return;
  BlockOf(row).sizes[row % kBlock] = {};
  BlockOf(row).vectors[row % kBlock] = nullptr;
}

size_t FlatIndex::Bytes() const {
  const size_t row = dimension_ + (HasHeads() ? kHead : 0) + sizeof(Size) + sizeof(const float*);
  size_t rows = 0;
  for (const Block& each : blocks_) rows += each.rows;
  return rows * row;
}

bool FlatIndex::SearchesByHeads(float least) const { return least > kWorthHeads && HasHeads(); }

// How near a row can be at most, by its head's product: two rests are as near as they are long, at
// most. A rounding up for the sums of floats.
float FlatIndex::Bound(const Block& in, size_t at, int32_t dot, const Query& query) const {
  constexpr float kRounding = 1e-4F;
  const Size& size = in.sizes[at];
  return static_cast<float>(dot) * size.scale * query.scale + size.rest * query.rest + kRounding;
}

void FlatIndex::Offer(uint32_t row, Best& best, Accepts accepts) const {
  const Block& in = BlockOf(row);
  const size_t at = row % kBlock;
  const float scale = in.sizes[at].scale;
  if (scale == 0) return;
  int32_t dot = 0;
  int8_dots_(in.bytes.get() + at * dimension_, 1, best.query().bytes.data(), dimension_, &dot);
  const float cosine = static_cast<float>(dot) * scale * best.query().scale;
  if (best.Wants(cosine) && accepts(row)) best.Add({.row = row, .cosine = cosine});
}

void FlatIndex::Prefetch(uint32_t row, bool by_heads) const {
  constexpr size_t kCacheLine = 64;
  const Block& in = BlockOf(row);
  const size_t at = row % kBlock;
  __builtin_prefetch(&in.sizes[at]);
  if (by_heads) {
    __builtin_prefetch(in.heads.get() + at * kHead);
    return;
  }
  const int8_t* const bytes = in.bytes.get() + at * dimension_;
  for (size_t i = 0; i < dimension_; i += kCacheLine) __builtin_prefetch(bytes + i);
}

void FlatIndex::SearchHeads(size_t block, Best& best, Accepts accepts) const {
  const Block& in = blocks_[block];
  std::array<int32_t, kBlock> dots;
  int8_dots_(in.heads.get(), in.rows, best.query().bytes.data(), kHead, dots.data());
  std::array<float, kBlock> bounds;
  for (size_t at = 0; at < in.rows; ++at) bounds[at] = Bound(in, at, dots[at], best.query());
  for (uint32_t at = 0; at < in.rows; ++at) {
    if (best.Wants(bounds[at])) {
      Offer(static_cast<uint32_t>(block * kBlock + at), best, accepts);
    }
  }
}

void FlatIndex::SearchBlock(size_t block, Best& best, Accepts accepts) const {
  const Block& in = blocks_[block];
  std::array<int32_t, kBlock> dots;
  int8_dots_(in.bytes.get(), in.rows, best.query().bytes.data(), dimension_, dots.data());
  std::array<float, kBlock> cosines;
  for (size_t at = 0; at < in.rows; ++at) {
    cosines[at] = static_cast<float>(dots[at]) * in.sizes[at].scale * best.query().scale;
  }
  for (uint32_t at = 0; at < in.rows; ++at) {
    if (!best.Wants(cosines[at]) || in.sizes[at].scale == 0) continue;
    const auto row = static_cast<uint32_t>(block * kBlock + at);
    if (accepts(row)) best.Add({.row = row, .cosine = cosines[at]});
  }
}

std::vector<Neighbour> FlatIndex::Ranked(const Best& best, size_t most) const {
  std::vector<Neighbour> found(best.all().begin(), best.all().end());
  const std::span<const float> query = best.query().vector;
  for (Neighbour& each : found) {
    each.cosine = float_dot_(At(each.row).data(), query.data(), dimension_);
  }
  return Nearest(std::move(found), most);
}

std::vector<Neighbour> FlatIndex::Search(const Query& query, size_t most, Accepts accepts,
                                         float least) const {
  Best best(query, most, least);
  const bool by_heads = SearchesByHeads(least);
  for (size_t block = 0; block < blocks_.size(); ++block) {
    if (by_heads) {
      SearchHeads(block, best, accepts);
    } else {
      SearchBlock(block, best, accepts);
    }
  }
  return Ranked(best, most);
}

std::vector<Neighbour> FlatIndex::SearchAmong(std::span<const uint32_t> rows, const Query& query,
                                              size_t most, Accepts accepts, float least) const {
  if (rows.empty()) return {};
  Best best(query, most, least);
  const bool by_heads = SearchesByHeads(least);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i + kAhead < rows.size()) Prefetch(rows[i + kAhead], by_heads);
    if (by_heads) {
      const Block& in = BlockOf(rows[i]);
      const size_t at = rows[i] % kBlock;
      int32_t dot = 0;
      int8_dots_(in.heads.get() + at * kHead, 1, query.bytes.data(), kHead, &dot);
      if (!best.Wants(Bound(in, at, dot, query))) continue;
    }
    Offer(rows[i], best, accepts);
  }
  return Ranked(best, most);
}

std::vector<Neighbour> Nearest(std::vector<Neighbour> found, size_t most) {
  std::ranges::sort(found, IsNearer);
  if (found.size() > most) found.resize(most);
  return found;
}

}  // namespace weir::cache
