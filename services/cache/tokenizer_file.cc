#include "services/cache/tokenizer_file.h"

#include <algorithm>

#include "common/text/excerpt.h"
#include "services/cache/json_fields.h"

namespace weir::cache {

namespace dom = simdjson::dom;

namespace {

constexpr uint64_t kMaxWordChars = 1000;
constexpr size_t kMaxPieces = 1 << 24;

absl::Status CheckTheRest(const JsonFields& root) {
  WEIR_RETURN_IF_ERROR(root.MustBe("version", "1.0"));
  WEIR_RETURN_IF_ERROR(root.MustBeNull("truncation"));
  WEIR_RETURN_IF_ERROR(root.MustBeNull("padding"));
  WEIR_RETURN_IF_ERROR(root.MustBeNull("post_processor"));
  WEIR_ASSIGN_OR_RETURN(const JsonFields pre_tokenizer, root.Object("pre_tokenizer"));
  return pre_tokenizer.MustBe("type", "BertPreTokenizer");
}

absl::StatusOr<NormalizerOptions> ReadNormalizer(const JsonFields& fields) {
  WEIR_RETURN_IF_ERROR(fields.MustBe("type", "BertNormalizer"));
  NormalizerOptions options;
  WEIR_ASSIGN_OR_RETURN(options.clean_text, fields.Bool("clean_text"));
  WEIR_ASSIGN_OR_RETURN(options.handle_chinese_chars, fields.Bool("handle_chinese_chars"));
  WEIR_ASSIGN_OR_RETURN(options.lowercase, fields.Bool("lowercase"));
  if (fields.IsNull("strip_accents")) {
    options.strip_accents = options.lowercase;
  } else {
    WEIR_ASSIGN_OR_RETURN(options.strip_accents, fields.Bool("strip_accents"));
  }
  return options;
}

// The place of one member of model.vocab, and its text in it.
absl::Status PutPiece(const dom::key_value_pair& member, std::vector<std::string>& pieces) {
  const std::string shown = text::Excerpt(member.key);
  if (member.key.empty()) return status::InvalidArgument("model.vocab has an empty piece");
  uint64_t id = 0;
  if (member.value.get(id) != simdjson::SUCCESS || id >= pieces.size()) {
    return status::InvalidArgument("model.vocab['{}'] is {}, want an id from 0 to {}", shown,
                                   Describe(member.value), pieces.size() - 1);
  }
  // As many places as members: where every member finds its place free, none is left over.
  if (!pieces[id].empty()) {
    return status::InvalidArgument("model.vocab gives '{}' and '{}' the id {}, want one each",
                                   text::Excerpt(pieces[id]), shown, id);
  }
  pieces[id] = member.key;
  return absl::OkStatus();
}

// Names of an object should differ, but nothing in JSON makes them.
absl::Status CheckThatAllDiffer(const std::vector<std::string>& pieces) {
  std::vector<std::string_view> sorted(pieces.begin(), pieces.end());
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice == sorted.end()) return absl::OkStatus();
  return status::InvalidArgument("model.vocab has '{}' twice, want each piece once",
                                 text::Excerpt(*twice));
}

absl::StatusOr<std::vector<std::string>> ReadPieces(const JsonFields& vocab) {
  size_t count = 0;  // Not object::size(), which stops counting at 16 million.
  for ([[maybe_unused]] const dom::key_value_pair each : vocab.object()) ++count;
  if (count == 0 || count > kMaxPieces) {
    return status::InvalidArgument("model.vocab has {} pieces, want 1 to {}", count, kMaxPieces);
  }
  std::vector<std::string> pieces(count);
  for (const dom::key_value_pair each : vocab.object()) {
    WEIR_RETURN_IF_ERROR(PutPiece(each, pieces));
  }
  WEIR_RETURN_IF_ERROR(CheckThatAllDiffer(pieces));
  return pieces;
}

absl::StatusOr<uint32_t> FindUnknown(const JsonFields& model, const JsonFields& vocab) {
  WEIR_ASSIGN_OR_RETURN(const std::string_view token, model.String("unk_token"));
  uint64_t id = 0;
  if (vocab.object()[token].get(id) != simdjson::SUCCESS) {
    return status::InvalidArgument("model.unk_token is '{}', want a piece of model.vocab",
                                   text::Excerpt(token));
  }
  return static_cast<uint32_t>(id);
}

absl::Status ReadModel(const JsonFields& model, TokenizerFile& file) {
  WEIR_RETURN_IF_ERROR(model.MustBe("type", "WordPiece"));
  WEIR_ASSIGN_OR_RETURN(const JsonFields vocab, model.Object("vocab"));
  WEIR_ASSIGN_OR_RETURN(file.pieces, ReadPieces(vocab));
  WEIR_ASSIGN_OR_RETURN(file.unknown, FindUnknown(model, vocab));
  WEIR_ASSIGN_OR_RETURN(const std::string_view prefix, model.String("continuing_subword_prefix"));
  if (prefix.empty()) {
    return status::InvalidArgument("model.continuing_subword_prefix is '', want one like '##'");
  }
  file.continuing_prefix = prefix;
  WEIR_ASSIGN_OR_RETURN(file.max_word_chars, model.Unsigned("max_input_chars_per_word"));
  if (file.max_word_chars == 0 || file.max_word_chars > kMaxWordChars) {
    return status::InvalidArgument("model.max_input_chars_per_word is {}, want 1 to {}",
                                   file.max_word_chars, kMaxWordChars);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TokenizerFile> ParseTokenizerFile(std::string_view json) {
  dom::parser parser;
  WEIR_ASSIGN_OR_RETURN(const JsonFields root, JsonFields::Parse(parser, json));
  WEIR_RETURN_IF_ERROR(CheckTheRest(root));
  TokenizerFile file;
  WEIR_ASSIGN_OR_RETURN(const JsonFields normalizer, root.Object("normalizer"));
  WEIR_ASSIGN_OR_RETURN(file.normalizer, ReadNormalizer(normalizer));
  WEIR_ASSIGN_OR_RETURN(const JsonFields model, root.Object("model"));
  WEIR_RETURN_IF_ERROR(ReadModel(model, file));
  return file;
}

}  // namespace weir::cache
