#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::cache {

// A set of byte strings, each with a number, that is asked for the longest one that a text starts
// with: one step a byte, whatever the set's size. Thread-safe.
//
// A double array (Aoe 1989): the child of a cell by a byte is at `base + byte`, if its `parent`
// says so.
class PieceTrie {
 public:
  struct Piece {
    std::string_view text;  // Not empty.
    uint32_t id = 0;        // Below 2^31.
  };
  // Keeps nothing of the pieces' memory. Of equal texts one id is kept.
  explicit PieceTrie(std::vector<Piece> pieces);

  struct Match {
    size_t size = 0;  // 0: no piece is a prefix.
    uint32_t id = 0;
  };
  Match LongestPrefix(std::string_view text) const;

 private:
  struct Cell {
    uint32_t base = 0;
    int32_t parent = -1;  // -1: free.
    int32_t id = -1;      // -1: no piece ends here.
  };
  // The pieces of one cell that go on with `byte`: [begin, end) of the sorted ones.
  struct Branch {
    uint8_t byte = 0;
    size_t begin = 0;
    size_t end = 0;
  };
  struct Pending {
    int32_t cell = 0;
    size_t depth = 0;  // Bytes that all of [begin, end) share.
    size_t begin = 0;
    size_t end = 0;
  };

  void Place(const std::vector<Piece>& sorted, Pending pending, std::vector<Pending>& rest);
  // Where all branches fall on free cells; makes room.
  uint32_t FindBase(const std::vector<Branch>& branches);
  bool Fits(uint32_t base, const std::vector<Branch>& branches) const;
  void MakeRoomFor(uint32_t base);

  std::vector<Cell> cells_;  // The root first; 256 behind every base.
  uint32_t first_free_ = 1;  // No cell before it is free.
};

}  // namespace weir::cache
