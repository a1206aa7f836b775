#pragma once

#include <string>

#include "services/cache/embedder.h"
#include "services/cache/word_splitter.h"

namespace weir::cache {

// Serves where there is no table: a text's words, pairs of neighbours, and groups of three and four
// characters, each counted in one of 256 buckets that its hash names, with a sign that the hash
// names too, brought to length 1. Knows spelling and no meaning: what it finds is a text that is
// written alike.
//
// Feature hashing: K. Weinberger, A. Dasgupta, J. Langford, A. Smola, J. Attenberg, "Feature
// Hashing for Large Scale Multitask Learning", ICML 2009. By the signs, features that share a
// bucket cancel in the mean: the dot product of two hashed texts is, on average, that of their
// features.
class HashedEmbedder final : public Embedder {
 public:
  static constexpr size_t kDimension = 256;

  HashedEmbedder();

  size_t dimension() const override { return kDimension; }
  const std::string& fingerprint() const override { return fingerprint_; }
  // Not searchable: a text without words, for it is empty or white space.
  [[nodiscard]] bool Embed(std::string_view text, std::span<float> vector) const override;

 private:
  const WordSplitter splitter_{NormalizerOptions{}};
  const std::string fingerprint_;
};

}  // namespace weir::cache
