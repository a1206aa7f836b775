#pragma once

#include <cstdint>
#include <span>

namespace weir::cache {

// A word piece of a text as the embedder has it: its row of the table, and that row's length.
struct Piece {
  std::span<const int8_t> row;  // Borrowed from the table; all of one comparison are as long.
  float norm = 0;
};

// How well the pieces of one text are met by those of another, one way.
struct Coverage {
  float mean = 0;         // Of the best cosine of each piece, weighted.
  float worst = 0;        // The least of them.
  float missing = 0;      // Sum of weight * (1 - best cosine).
  float most_missed = 0;  // The largest of these.
};

struct Alignment {
  float cosine = 0;  // Of the two texts.
  Coverage a, b;
};

// Holds each piece of one side against its best piece of the other. `a` and `b` are the distinct
// pieces of the two texts, in any order, without those that are punctuation; a piece weighs its
// norm over `median_norm` (that of the table: verifier.json). All zero but the cosine where a side
// has none.
//
// One product of rows for each pair: the embedder's 512 pieces a text are the bound.
Alignment Align(std::span<const Piece> a, std::span<const Piece> b, float cosine,
                double median_norm);

}  // namespace weir::cache
