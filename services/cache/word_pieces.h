#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "services/cache/piece_trie.h"
#include "services/cache/tokenizer_file.h"
#include "services/cache/word_splitter.h"

namespace weir::cache {

// The pieces of one text, in its order. On the stack, and not filled before.
class TokenIds {
 public:
  static constexpr size_t kMax = 512;

  std::span<const uint32_t> all() const { return {ids_.data(), size_}; }
  bool full() const { return size_ == kMax; }
  size_t size() const { return size_; }

  // Not when full.
  void Add(uint32_t id) { ids_[size_++] = id; }
  void Shrink(size_t size) { size_ = size; }

 private:
  size_t size_ = 0;
  std::array<uint32_t, kMax> ids_;
};

// WordPiece: a word is the longest piece that it begins with, and so on with its rest, or unknown.
// Thread-safe.
class WordPieces {
 public:
  explicit WordPieces(const TokenizerFile& file);

  // The ids of `text`, which may be any bytes: the first TokenIds::kMax of those that are known. A
  // word that is not covered by pieces has none.
  void Tokenize(std::string_view text, TokenIds& ids) const;

  size_t vocabulary_size() const { return vocabulary_size_; }

 private:
  // Adds the pieces of `word`, or none; no more than there is room for.
  void AddWord(std::string_view word, TokenIds& ids) const;
  bool IsTooLong(std::string_view word) const;

  const WordSplitter splitter_;
  const PieceTrie first_;      // Pieces that begin a word.
  const PieceTrie continued_;  // The others, without their prefix.
  const uint32_t unknown_;
  const size_t max_word_chars_;
  const size_t vocabulary_size_;
};

}  // namespace weir::cache
