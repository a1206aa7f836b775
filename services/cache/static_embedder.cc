#include "services/cache/static_embedder.h"

#include <array>
#include <utility>

#include "common/crypto/hmac.h"
#include "common/text/excerpt.h"
#include "common/text/hex.h"
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

}  // namespace

StaticEmbedder::StaticEmbedder(FileMapping file, const Int8Matrix& table,
                               const TokenizerFile& tokenizer, std::string fingerprint)
    : file_(std::move(file)),
      table_(table),
      pieces_(tokenizer),
      fingerprint_(std::move(fingerprint)) {}

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

}  // namespace weir::cache
