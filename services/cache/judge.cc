#include "services/cache/judge.h"

#include "services/cache/pair_features.h"

namespace weir::cache {

const Wording& Judge::Asked::wording() const {
  std::call_once(wording_read_, [this] { wording_ = ReadWording(text_); });
  return wording_;
}

const VetoSketch& Judge::Asked::sketch() const {
  return sketch_.Get([this]() -> const Wording& { return wording(); });
}

const Judge::Asked::Features& Judge::Asked::features() const {
  std::call_once(features_read_, [this] {
    features_.question = ReadQuestion(text_, *deps_.weights);
    features_.pieces = deps_.embedder->PiecesOf(text_);
  });
  return features_;
}

std::shared_ptr<const Judge::Asked> Judge::Read(std::string_view text) const {
  if (text.size() > kMaxRememberedBytes) return std::make_shared<const Asked>(deps_, text);
  const std::string key(text);
  MutexLock lock(mutex_);
  if (const auto* const known = remembered_.Find(key)) return *known;
  auto asked = std::make_shared<const Asked>(deps_, text);
  remembered_.Put(key, asked);
  return asked;
}

Judge::Verdict Judge::Compare(const Asked& asked, const Cached& cached, float cosine) const {
  std::shared_ptr<const Asked> other;
  const auto read = [&]() -> const Asked& {
    if (other == nullptr) other = Read(cached.text);
    return *other;
  };
  const VetoSketch& sketch =
      cached.sketch.Get([&]() -> const Wording& { return read().wording(); });
  const VetoReason quick = QuickVeto(asked.sketch(), sketch);
  if (!quick.empty()) return {.veto = quick};
  return CompareFully(asked, read(), cosine);
}

Judge::Verdict Judge::CompareFully(const Asked& asked, const Asked& cached, float cosine) const {
  Verdict verdict{.veto = Veto(asked.wording(), cached.wording(), {.vocabulary = deps_.weights})};
  if (!verdict.veto.empty() || !has_gate()) return verdict;
  const Asked::Features& a = asked.features();
  const Asked::Features& b = cached.features();
  if (a.question.too_long || b.question.too_long) {
    verdict.veto = "veto_length";
    return verdict;
  }
  const Alignment alignment = Align(a.pieces, b.pieces, cosine, deps_.verifier->median_norm());
  const PairFeatures features = weir::cache::Compare(a.question, b.question, alignment);
  verdict.gate_score = deps_.verifier->Score(features);
  verdict.gate_refuses = verdict.gate_score < deps_.verifier->min_score();
  return verdict;
}

}  // namespace weir::cache
