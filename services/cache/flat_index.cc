#include "services/cache/flat_index.h"

#include <algorithm>
#include <array>
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

// The best so far, the worst of them first.
class FlatIndex::Best {
 public:
  Best(const FlatIndex& index, std::span<const float> query, size_t most, float least)
      : most_(most + kSpare), least_(least - kByteError), query_(index.dimension_) {
    scale_ = ToInt8(query, query_);
    rest_ = LengthBehind(query_, kHead) * scale_;
    heap_.reserve(most_ + 1);
  }

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

  const int8_t* query() const { return query_.data(); }
  float scale() const { return scale_; }
  float rest() const { return rest_; }
  const std::vector<Neighbour>& all() const { return heap_; }

 private:
  const size_t most_;
  const float least_;
  std::vector<int8_t> query_;
  float scale_ = 0;
  float rest_ = 0;
  float worst_ = -std::numeric_limits<float>::infinity();  // The first may be anything.
  std::vector<Neighbour> heap_;
};

void FlatIndex::AddBlock() {
  blocks_.push_back({.bytes = std::make_unique<int8_t[]>(kBlock * dimension_),
                     .floats = std::make_unique<float[]>(kBlock * dimension_),
                     .scales = std::make_unique<float[]>(kBlock),
                     .heads = std::make_unique<int8_t[]>(kBlock * kHead),
                     .rests = std::make_unique<float[]>(kBlock)});
}

void FlatIndex::Set(uint32_t row, std::span<const float> vector) {
  while (row / kBlock >= blocks_.size()) AddBlock();
  Block& block = BlockOf(row);
  const size_t at = row % kBlock;
  std::ranges::copy(vector, block.floats.get() + at * dimension_);
  const std::span<int8_t> bytes(block.bytes.get() + at * dimension_, dimension_);
  block.scales[at] = ToInt8(vector, bytes);
  if (dimension_ <= kHead) return;
  std::ranges::copy(bytes.first(kHead), block.heads.get() + at * kHead);
  block.rests[at] = LengthBehind(bytes, kHead) * block.scales[at];
}

void FlatIndex::Clear(uint32_t row) {
  if (row / kBlock < blocks_.size()) BlockOf(row).scales[row % kBlock] = 0;
}

void FlatIndex::Offer(uint32_t row, Best& best, Accepts accepts) const {
  const Block& in = BlockOf(row);
  const size_t at = row % kBlock;
  if (in.scales[at] == 0) return;
  int32_t dot = 0;
  int8_dots_(in.bytes.get() + at * dimension_, 1, best.query(), dimension_, &dot);
  const float cosine = static_cast<float>(dot) * in.scales[at] * best.scale();
  if (best.Wants(cosine) && accepts(row)) best.Add({.row = row, .cosine = cosine});
}

void FlatIndex::Prefetch(uint32_t row) const {
  constexpr size_t kCacheLine = 64;
  const Block& in = BlockOf(row);
  const int8_t* const bytes = in.bytes.get() + row % kBlock * dimension_;
  __builtin_prefetch(&in.scales[row % kBlock]);
  for (size_t i = 0; i < dimension_; i += kCacheLine) __builtin_prefetch(bytes + i);
}

void FlatIndex::SearchHeads(size_t block, Best& best, Accepts accepts) const {
  const Block& in = blocks_[block];
  std::array<int32_t, kBlock> dots;
  int8_dots_(in.heads.get(), kBlock, best.query(), kHead, dots.data());
  std::array<float, kBlock> bounds;
  // Two rests are as near as they are long, at most. A rounding up for the sums of floats.
  constexpr float kRounding = 1e-4F;
  for (size_t at = 0; at < kBlock; ++at) {
    bounds[at] = static_cast<float>(dots[at]) * in.scales[at] * best.scale() +
                 in.rests[at] * best.rest() + kRounding;
  }
  for (uint32_t at = 0; at < kBlock; ++at) {
    if (best.Wants(bounds[at])) {
      Offer(static_cast<uint32_t>(block * kBlock + at), best, accepts);
    }
  }
}

void FlatIndex::SearchBlock(size_t block, Best& best, Accepts accepts) const {
  const Block& in = blocks_[block];
  std::array<int32_t, kBlock> dots;
  int8_dots_(in.bytes.get(), kBlock, best.query(), dimension_, dots.data());
  std::array<float, kBlock> cosines;
  for (size_t at = 0; at < kBlock; ++at) {
    cosines[at] = static_cast<float>(dots[at]) * in.scales[at] * best.scale();
  }
  for (uint32_t at = 0; at < kBlock; ++at) {
    if (!best.Wants(cosines[at]) || in.scales[at] == 0) continue;
    const auto row = static_cast<uint32_t>(block * kBlock + at);
    if (accepts(row)) best.Add({.row = row, .cosine = cosines[at]});
  }
}

std::vector<Neighbour> FlatIndex::Ranked(const Best& best, std::span<const float> query,
                                         size_t most) const {
  std::vector<Neighbour> found = best.all();
  for (Neighbour& each : found) {
    each.cosine = float_dot_(At(each.row).data(), query.data(), dimension_);
  }
  return Nearest(std::move(found), most);
}

std::vector<Neighbour> FlatIndex::Search(std::span<const float> query, size_t most, Accepts accepts,
                                         float least) const {
  Best best(*this, query, most, least);
  const bool by_heads = least > kWorthHeads && dimension_ > kHead;
  for (size_t block = 0; block < blocks_.size(); ++block) {
    if (by_heads) {
      SearchHeads(block, best, accepts);
    } else {
      SearchBlock(block, best, accepts);
    }
  }
  return Ranked(best, query, most);
}

std::vector<Neighbour> FlatIndex::SearchAmong(std::span<const uint32_t> rows,
                                              std::span<const float> query, size_t most,
                                              Accepts accepts, float least) const {
  if (rows.empty()) return {};
  Best best(*this, query, most, least);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i + kAhead < rows.size()) Prefetch(rows[i + kAhead]);
    Offer(rows[i], best, accepts);
  }
  return Ranked(best, query, most);
}

std::vector<Neighbour> Nearest(std::vector<Neighbour> found, size_t most) {
  std::ranges::sort(found, IsNearer);
  if (found.size() > most) found.resize(most);
  return found;
}

}  // namespace weir::cache
