#include "services/cache/word_pieces.h"

#include <algorithm>
#include <vector>

namespace weir::cache {
namespace {

// A piece with the prefix begins words too: those in which the prefix is spelt out.
std::vector<PieceTrie::Piece> FirstPieces(const TokenizerFile& file) {
  std::vector<PieceTrie::Piece> pieces;
  for (uint32_t id = 0; id < file.pieces.size(); ++id) pieces.push_back({file.pieces[id], id});
  return pieces;
}

std::vector<PieceTrie::Piece> ContinuedPieces(const TokenizerFile& file) {
  std::vector<PieceTrie::Piece> pieces;
  const std::string_view prefix = file.continuing_prefix;
  for (uint32_t id = 0; id < file.pieces.size(); ++id) {
    const std::string_view piece = file.pieces[id];
    if (piece.size() > prefix.size() && piece.starts_with(prefix)) {
      pieces.push_back({piece.substr(prefix.size()), id});
    }
  }
  return pieces;
}

bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

}  // namespace

WordPieces::WordPieces(const TokenizerFile& file)
    : splitter_(file.normalizer),
      first_(FirstPieces(file)),
      continued_(ContinuedPieces(file)),
      unknown_(file.unknown),
      max_word_chars_(file.max_word_chars),
      vocabulary_size_(file.pieces.size()) {}

void WordPieces::Tokenize(std::string_view text, TokenIds& ids) const {
  ids.Shrink(0);
  splitter_.Split(text, [&](std::string_view word) {
    AddWord(word, ids);
    return !ids.full();
  });
}

void WordPieces::AddWord(std::string_view word, TokenIds& ids) const {
  if (IsTooLong(word)) return;
  const size_t before = ids.size();
  const PieceTrie* pieces = &first_;
  while (!word.empty()) {
    const PieceTrie::Match match = pieces->LongestPrefix(word);
    if (match.size == 0) {
      ids.Shrink(before);
      return;
    }
    // Read on when full: whether the word is known shows at its end.
    if (match.id != unknown_ && !ids.full()) ids.Add(match.id);
    word.remove_prefix(match.size);
    pieces = &continued_;
  }
}

bool WordPieces::IsTooLong(std::string_view word) const {
  if (word.size() <= max_word_chars_) return false;  // At least a byte a character.
  return static_cast<size_t>(std::ranges::count_if(word, BeginsCharacter)) > max_word_chars_;
}

}  // namespace weir::cache
