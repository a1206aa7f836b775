#include "services/cache/hashed_embedder.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "common/crypto/hmac.h"
#include "common/text/hex.h"
#include "common/text/utf8.h"
#include "services/cache/unicode.h"
#include "services/cache/unit_vector.h"

namespace weir::cache {
namespace {

// Counted up with every change after which a text may have another vector.
constexpr std::string_view kCodeVersion = "weir hashed 1";
constexpr size_t kMaxWords = 512;
constexpr size_t kMaxWordBytes = 100;  // Of a longer one the rest is not looked at.

// A whole word says most; groups forgive misspelling, and there are many of them.
constexpr int32_t kWordWeight = 4;
constexpr int32_t kPairWeight = 2;
constexpr int32_t kGroupWeight = 1;

enum Kind : uint64_t { kWord = 1, kPair = 2, kGroup = 3 };

// Vectors are stored: these are the same on every machine, and for good.
uint64_t Mix(uint64_t hash) {
  hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93;
  hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93;
  return hash ^ (hash >> 32);
}
uint64_t HashOf(Kind kind, std::string_view text) {  // FNV-1a, mixed.
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return Mix(hash + kind);
}
uint64_t HashOfPair(uint64_t first, uint64_t second) { return Mix(Mix(first + kPair) ^ second); }

bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// A word between marks of its ends, cut at each group of characters.
class MarkedWord {
 public:
  explicit MarkedWord(std::string_view word) {
    text_[size_++] = '<';
    for (const char c : word) text_[size_++] = c;
    text_[size_++] = '>';
    for (size_t i = 0; i < size_; ++i) {
      if (BeginsCharacter(text_[i])) starts_[characters_++] = i;
    }
    starts_[characters_] = size_;
  }

  template <typename Take>
  void Groups(size_t length, Take take) const {
    for (size_t i = 0; i + length <= characters_; ++i) {
      take(std::string_view(&text_[starts_[i]], starts_[i + length] - starts_[i]));
    }
  }

 private:
  std::array<char, kMaxWordBytes + 2> text_;
  std::array<size_t, kMaxWordBytes + 3> starts_;  // Of each character, and the end.
  size_t size_ = 0;
  size_t characters_ = 0;
};

class Buckets {
 public:
  void AddWord(std::string_view word) {
    word = text::Utf8Prefix(word, kMaxWordBytes);
    const uint64_t hash = HashOf(kWord, word);
    Count(hash, kWordWeight);
    if (words_ > 0) Count(HashOfPair(before_, hash), kPairWeight);
    const MarkedWord marked(word);
    for (const size_t length : {3, 4}) {
      marked.Groups(length,
                    [this](std::string_view group) { Count(HashOf(kGroup, group), kGroupWeight); });
    }
    before_ = hash;
    ++words_;
  }

  bool full() const { return words_ == kMaxWords; }
  const auto& counts() const { return counts_; }

 private:
  void Count(uint64_t hash, int32_t weight) {
    const bool negative = hash >> 63 != 0;
    counts_[hash % HashedEmbedder::kDimension] += negative ? -weight : weight;
  }

  std::array<int32_t, HashedEmbedder::kDimension> counts_{};
  uint64_t before_ = 0;  // The hash of the word before.
  size_t words_ = 0;
};

}  // namespace

HashedEmbedder::HashedEmbedder()
    : fingerprint_(text::HexEncode(
          crypto::ToBytes(crypto::Sha256(fmt::format("{} {}", kCodeVersion, UnicodeVersion()))))) {}

bool HashedEmbedder::Embed(std::string_view text, std::span<float> vector) const {
  Buckets buckets;
  splitter_.Split(text.substr(0, kMaxTextBytes), [&](std::string_view word) {
    buckets.AddWord(word);
    return !buckets.full();
  });
  return ToUnitLength(buckets.counts(), vector);
}

}  // namespace weir::cache
