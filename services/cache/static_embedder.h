#pragma once

#include <memory>
#include <string>

#include "common/status/status.h"
#include "services/cache/embedder.h"
#include "services/cache/file_mapping.h"
#include "services/cache/row_sum.h"
#include "services/cache/safetensors.h"
#include "services/cache/word_pieces.h"

namespace weir::cache {

// A static table (the layout of model2vec): the vector of a text is the sum of the rows of its word
// pieces, brought to length 1. Whole numbers up to the last step, so the same on every machine.
class StaticEmbedder final : public Embedder {
 public:
  // Reads model.safetensors, which stays mapped, and tokenizer.json of `folder`.
  //
  // kNotFound: one is not there. kInvalidArgument: one is not what is understood here, or they do
  // not belong together.
  static absl::StatusOr<std::unique_ptr<StaticEmbedder>> Load(const std::string& folder);

  size_t dimension() const override { return table_.columns; }
  const std::string& fingerprint() const override { return fingerprint_; }
  [[nodiscard]] bool Embed(std::string_view text, std::span<float> vector) const override;

  const WordPieces& word_pieces() const { return pieces_; }

 private:
  StaticEmbedder(FileMapping file, const Int8Matrix& table, const TokenizerFile& tokenizer,
                 std::string fingerprint);

  const FileMapping file_;
  const Int8Matrix table_;  // In file_.
  const WordPieces pieces_;
  const std::string fingerprint_;
  const RowSum sum_rows_ = FastestRowSum();
};

}  // namespace weir::cache
