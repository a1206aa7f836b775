#include "services/cache/piece_trie.h"

#include <algorithm>

namespace weir::cache {
namespace {

constexpr size_t kBytes = 256;
// After so many cells that would not do, what is free among them stays so: building takes time in
// proportion to the cells, for a few empty ones.
constexpr uint32_t kMaxTries = 1024;

std::vector<PieceTrie::Piece> Sorted(std::vector<PieceTrie::Piece> pieces) {
  std::ranges::sort(pieces, {}, &PieceTrie::Piece::text);
  return pieces;
}

}  // namespace

PieceTrie::PieceTrie(std::vector<Piece> pieces) : cells_(kBytes + 1) {
  const std::vector<Piece> sorted = Sorted(std::move(pieces));
  cells_[0].parent = 0;
  // A stack of our own: pieces may be longer than the thread's is deep.
  std::vector<Pending> rest = {{.cell = 0, .depth = 0, .begin = 0, .end = sorted.size()}};
  while (!rest.empty()) {
    const Pending pending = rest.back();
    rest.pop_back();
    Place(sorted, pending, rest);
  }
  cells_.shrink_to_fit();
}

void PieceTrie::Place(const std::vector<Piece>& sorted, Pending pending,
                      std::vector<Pending>& rest) {
  std::vector<Branch> branches;
  for (size_t i = pending.begin; i < pending.end; ++i) {
    const std::string_view text = sorted[i].text;
    if (text.size() == pending.depth) {
      cells_[pending.cell].id = static_cast<int32_t>(sorted[i].id);
      continue;
    }
    const uint8_t byte = static_cast<uint8_t>(text[pending.depth]);
    if (branches.empty() || branches.back().byte != byte) branches.push_back({byte, i, i});
    branches.back().end = i + 1;
  }
  if (branches.empty()) return;
  const uint32_t base = FindBase(branches);
  cells_[pending.cell].base = base;
  for (const Branch& each : branches) {
    const int32_t cell = static_cast<int32_t>(base + each.byte);
    cells_[cell].parent = pending.cell;
    rest.push_back({cell, pending.depth + 1, each.begin, each.end});
  }
}

uint32_t PieceTrie::FindBase(const std::vector<Branch>& branches) {
  while (first_free_ < cells_.size() && cells_[first_free_].parent >= 0) ++first_free_;
  const uint32_t lowest = branches.front().byte;
  const uint32_t start = std::max(first_free_, lowest + 1) - lowest;
  uint32_t base = start;
  while (!Fits(base, branches)) ++base;
  if (base - start > kMaxTries) first_free_ = base + lowest;
  MakeRoomFor(base);
  return base;
}

bool PieceTrie::Fits(uint32_t base, const std::vector<Branch>& branches) const {
  return std::ranges::all_of(branches, [&](const Branch& each) {
    const size_t cell = size_t{base} + each.byte;
    return cell >= cells_.size() || cells_[cell].parent < 0;
  });
}

void PieceTrie::MakeRoomFor(uint32_t base) {
  if (cells_.size() < base + kBytes) cells_.resize(base + kBytes);
}

PieceTrie::Match PieceTrie::LongestPrefix(std::string_view text) const {
  Match longest;
  int32_t cell = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const int32_t next = static_cast<int32_t>(cells_[cell].base + static_cast<uint8_t>(text[i]));
    if (cells_[next].parent != cell || next == 0) break;
    cell = next;
    if (cells_[cell].id >= 0) longest = {i + 1, static_cast<uint32_t>(cells_[cell].id)};
  }
  return longest;
}

}  // namespace weir::cache
