#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"
#include "services/cache/alignment.h"
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
  // The same of the files' bytes; `model` must outlive the embedder.
  static absl::StatusOr<std::unique_ptr<StaticEmbedder>> Make(std::string_view model,
                                                              std::string_view tokenizer);

  size_t dimension() const override { return table_.columns; }
  const std::string& fingerprint() const override { return fingerprint_; }
  [[nodiscard]] bool Embed(std::string_view text, std::span<float> vector) const override;

  const WordPieces& word_pieces() const { return pieces_; }

  // The distinct pieces of `text` that are no punctuation, as the verifier wants them; they borrow
  // from the table.
  std::vector<Piece> PiecesOf(std::string_view text) const;

 private:
  StaticEmbedder(std::optional<FileMapping> file, const Int8Matrix& table,
                 const TokenizerFile& tokenizer, std::string fingerprint);

  const std::optional<FileMapping> file_;  // None: somebody else has the bytes.
  const Int8Matrix table_;
  const WordPieces pieces_;
  std::vector<bool> is_punctuation_;  // By piece.
  const std::string fingerprint_;
  const RowSum sum_rows_ = FastestRowSum();
};

}  // namespace weir::cache
