#include "services/cache/static_embedder.h"

#include <array>
#include <cmath>
#include <utility>

#include "common/crypto/hmac.h"
#include "common/text/excerpt.h"
#include "common/text/hex.h"
#include "common/text/utf8.h"
#include "services/cache/sorted_set.h"
#include "services/cache/unicode.h"
#include "services/cache/unit_vector.h"

namespace weir::cache {
namespace {

// Counted up with every change after which a text may have another vector.
constexpr std::string_view kCodeVersion = "static 1";
constexpr std::string_view kTensor = "embeddings";
constexpr size_t kMaxModelBytes = size_t{4} << 30;
constexpr size_t kMaxTokenizerBytes = 64 << 20;
constexpr size_t kMaxDimension = 1024;

// Of digests, which have one length: no two pairs of files have the same bytes here.
std::string FingerprintOf(std::string_view model, std::string_view tokenizer) {
  const std::string parts = crypto::ToBytes(crypto::Sha256(model)) +
                            crypto::ToBytes(crypto::Sha256(tokenizer)) +
                            fmt::format("{} {}", kCodeVersion, UnicodeVersion());
  return text::HexEncode(crypto::ToBytes(crypto::Sha256(parts)));
}

absl::StatusOr<Int8Matrix> ReadTable(std::string_view file, size_t pieces) {
  WEIR_ASSIGN_OR_RETURN(const Int8Matrix table, ReadInt8Matrix(file, kTensor));
  if (table.columns > kMaxDimension || table.columns % Embedder::kLanes != 0) {
    return status::InvalidArgument("'{}' has {} columns, want a multiple of {} up to {}", kTensor,
                                   table.columns, Embedder::kLanes, kMaxDimension);
  }
  if (table.rows != pieces) {
    return status::InvalidArgument("'{}' has {} rows, want one for each of the {} pieces", kTensor,
                                   table.rows, pieces);
  }
  return table;
}

bool IsPunctuationAlone(std::string_view piece) {
  while (!piece.empty()) {
    const text::Rune rune = text::DecodeRune(piece);
    if (!IsPunctuation(rune.code_point)) return false;
    piece.remove_prefix(rune.size);
  }
  return true;
}

float LengthOf(std::span<const int8_t> row) {
  int64_t squares = 0;
  for (const int8_t each : row) squares += int64_t{each} * each;
  return static_cast<float>(std::sqrt(static_cast<double>(squares)));
}

}  // namespace

StaticEmbedder::StaticEmbedder(std::optional<FileMapping> file, const Int8Matrix& table,
                               const TokenizerFile& tokenizer, std::string fingerprint)
    : file_(std::move(file)),
      table_(table),
      pieces_(tokenizer),
      fingerprint_(std::move(fingerprint)) {
  is_punctuation_.reserve(tokenizer.pieces.size());
  for (const std::string& each : tokenizer.pieces) {
    is_punctuation_.push_back(IsPunctuationAlone(each));
  }
}

absl::StatusOr<std::unique_ptr<StaticEmbedder>> StaticEmbedder::Make(std::string_view model,
                                                                     std::string_view tokenizer) {
  WEIR_ASSIGN_OR_RETURN(const TokenizerFile pieces, ParseTokenizerFile(tokenizer));
  WEIR_ASSIGN_OR_RETURN(const Int8Matrix table, ReadTable(model, pieces.pieces.size()));
  return std::unique_ptr<StaticEmbedder>(
      new StaticEmbedder(std::nullopt, table, pieces, FingerprintOf(model, tokenizer)));
}

absl::StatusOr<std::unique_ptr<StaticEmbedder>> StaticEmbedder::Load(const std::string& folder) {
  const std::string model_path = folder + "/model.safetensors";
  const std::string tokenizer_path = folder + "/tokenizer.json";
  WEIR_ASSIGN_OR_RETURN(FileMapping model, FileMapping::Open(model_path, kMaxModelBytes));
  WEIR_ASSIGN_OR_RETURN(const FileMapping tokenizer,
                        FileMapping::Open(tokenizer_path, kMaxTokenizerBytes));
  const absl::StatusOr<TokenizerFile> pieces = ParseTokenizerFile(tokenizer.bytes());
  if (!pieces.ok()) {
    return status::While(pieces.status(), "reading '{}'", text::Excerpt(tokenizer_path, 256));
  }
  const absl::StatusOr<Int8Matrix> table = ReadTable(model.bytes(), pieces->pieces.size());
  if (!table.ok()) {
    return status::While(table.status(), "reading '{}'", text::Excerpt(model_path, 256));
  }
  std::string fingerprint = FingerprintOf(model.bytes(), tokenizer.bytes());
  return std::unique_ptr<StaticEmbedder>(
      new StaticEmbedder(std::move(model), *table, *pieces, std::move(fingerprint)));
}

bool StaticEmbedder::Embed(std::string_view text, std::span<float> vector) const {
  TokenIds ids;
  pieces_.Tokenize(text.substr(0, kMaxTextBytes), ids);
  std::array<int32_t, kMaxDimension> all;
  const std::span<int32_t> sums(all.data(), table_.columns);
  sum_rows_(table_, ids.all(), sums);
  return ToUnitLength(sums, vector);
}

std::vector<Piece> StaticEmbedder::PiecesOf(std::string_view text) const {
  TokenIds ids;
  pieces_.Tokenize(text.substr(0, kMaxTextBytes), ids);
  std::vector<uint32_t> distinct(ids.all().begin(), ids.all().end());
  MakeSet(distinct);
  std::vector<Piece> pieces;
  for (const uint32_t id : distinct) {
    if (is_punctuation_[id]) continue;
    const std::span<const int8_t> row(table_.values + size_t{id} * table_.columns, table_.columns);
    pieces.push_back({.row = row, .norm = LengthOf(row)});
  }
  return pieces;
}

}  // namespace weir::cache
