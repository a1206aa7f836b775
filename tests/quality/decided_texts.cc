#include "tests/quality/decided_texts.h"

#include "services/cache/pair_features.h"
#include "services/cache/partition.h"

namespace weir::cache {

DecidedTexts::DecidedTexts(const BuiltInModel& model, const Embedder& embedder,
                           const std::vector<std::string_view>& texts)
    : model_(model), embedder_(embedder) {
  texts_.reserve(texts.size());
  for (const std::string_view each : texts) texts_.push_back(Read(each));
}

DecidedTexts::Text DecidedTexts::Read(std::string_view text) const {
  Text read{.exact_key = ExactKey(text),
            .direction = std::nullopt,
            .wording = ReadWording(text),
            .question = ReadQuestion(text, model_.weights()),
            .pieces = model_.embedder().PiecesOf(text)};
  std::vector<float> vector(embedder_.dimension());
  if (text.size() <= kMaxQuestionBytes && embedder_.Embed(text, vector)) read.direction = vector;
  return read;
}

DecidedTexts::Verdict DecidedTexts::Judge(const Text& asked, const Text& cached) const {
  const auto vetoed = [&](bool substitution) {
    return !Veto(asked.wording, cached.wording,
                 {.substitution = substitution, .vocabulary = &model_.weights()})
                .empty();
  };
  Verdict verdict{.vetoed = vetoed(true)};
  verdict.vetoed_without_substitution = verdict.vetoed && vetoed(false);
  return verdict;
}

bool DecidedTexts::Gated(const Text& asked, const Text& cached, float cosine) const {
  if (asked.question.too_long || cached.question.too_long) return true;
  const Alignment alignment =
      Align(asked.pieces, cached.pieces, cosine, model_.verifier().median_norm());
  return model_.verifier().Refuses(Compare(asked.question, cached.question, alignment));
}

bool DecidedTexts::MayShare(uint32_t asked, uint32_t cached, float cosine,
                            const Decision& decision) {
  if (cosine < decision.cut) return false;
  if (decision.rules == Rules::kNone && !decision.gate) return true;
  const auto [place, is_new] = verdicts_.try_emplace(uint64_t{asked} << 32 | cached);
  Verdict& verdict = place->second;
  if (is_new) verdict = Judge(texts_[asked], texts_[cached]);
  if (decision.rules == Rules::kAll && verdict.vetoed) return false;
  if (decision.rules == Rules::kWithoutSubstitution && verdict.vetoed_without_substitution) {
    return false;
  }
  if (!decision.gate) return true;
  if (!verdict.gated) verdict.gated = Gated(texts_[asked], texts_[cached], cosine);
  return !*verdict.gated;
}

void Shelf::Put(uint32_t text) {
  exact_.try_emplace(texts_.exact_key(text), text);
  const Direction& direction = texts_.direction(text);
  if (!direction) return;
  const uint32_t row = index_.Add(*direction);
  if (row >= text_of_row_.size()) text_of_row_.resize(row + 1);
  text_of_row_[row] = text;
}

std::optional<Shelf::Found> Shelf::Find(uint32_t asked, const Decision& decision) {
  const auto same = exact_.find(texts_.exact_key(asked));
  if (same != exact_.end()) return Found{.text = same->second, .exact = true};
  const Direction& direction = texts_.direction(asked);
  if (!direction) return std::nullopt;
  const auto all = [](uint32_t) { return true; };
  for (const Neighbour& each : index_.Search(*direction, Partition::kNearest, all)) {
    const uint32_t cached = text_of_row_[each.row];
    if (texts_.MayShare(asked, cached, each.cosine, decision)) return Found{.text = cached};
  }
  return std::nullopt;
}

}  // namespace weir::cache
