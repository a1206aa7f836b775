#include "services/guardrails/injection.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "services/guardrails/hidden_text.h"
#include "services/guardrails/injection_phrases.h"
#include "services/guardrails/injection_signatures.h"
#include "services/guardrails/injection_words.h"
#include "services/guardrails/normalised_text.h"
#include "services/guardrails/word_reading.h"

namespace weir::guardrails {
namespace {

// Texts are judged in pieces of so many bytes, which overlap by so many.
constexpr size_t kPiece = 16 * 1024;
constexpr size_t kOverlap = 1024;
// Words that are judged together; a persona is described at more length, and less closely.
constexpr size_t kWindow = 45;
constexpr size_t kWideWindow = 160;
constexpr double kWideFactor = 0.85;
// Of a family's second signature, and again of its third.
constexpr double kAgain = 0.65;
// What being hidden adds to what is hidden.
constexpr double kEncodedAdds = 0.25;
// Few signatures of a persona are enough: nobody else writes that way.
constexpr double kPersonaPower = 1.75;
constexpr int kMostDepth = 2;

constexpr double kAskedFactor = 0.3;
constexpr double kQuotedFactor = 0.2;
constexpr size_t kLongestQuote = 16;  // Words; what is longer is a document.

// What is found, by the words where it stands.
struct Hit {
  size_t word = 0;
  size_t offset = 0, length = 0;  // Bytes of what is read.
  uint16_t signature = 0;
  InjectionFamily family = InjectionFamily::kOverride;
  double weight = 0;
};

double ByProvenance(double weight, InjectionFamily family, Provenance who) {
  switch (who) {
    case Provenance::kSystem:
      return 0.35 * weight;
    case Provenance::kAssistant:
      return 0.6 * weight;
    case Provenance::kTool:
      // Documents may well tell of persons.
      if (family == InjectionFamily::kPersona) return weight;
      return 1 - std::pow(1 - weight, 1.4);
    case Provenance::kUser:
    case Provenance::kUnknown:
      break;
  }
  return weight;
}

// How much what stands there is meant: less, where somebody asks about it.
class Context {
 public:
  explicit Context(const std::vector<ReadWord>& words)
      : words_(words),
        asks_(*WordClassNamed("ASK")),
        asks_how_(*WordClassNamed("ASKHOW")),
        you_(*WordClassNamed("YOU")) {}

  double FactorOf(const SignatureHit& hit) const {
    if (IsQuotedAndAskedAbout(hit)) return kQuotedFactor;
    return IsAskedAbout(hit.first) ? kAskedFactor : 1;
  }

 private:
  bool Has(size_t word, size_t of) const { return ClassesOf(words_[word].text()).test(of); }

  // "How do I ignore", "told me to ignore"; not "I want you to ignore".
  bool IsAskedAbout(size_t first) const {
    bool asks = false;
    for (size_t back = 1; back <= 3 && back <= first; ++back) {
      if (words_[first - back + 1].begins_sentence) break;
      const size_t at = first - back;
      if (Has(at, you_)) return false;
      asks = asks || Has(at, asks_how_);
    }
    return asks;
  }

  bool IsQuotedAndAskedAbout(const SignatureHit& hit) const {
    if (!words_[hit.first].is_quoted || !words_[hit.last].is_quoted) return false;
    size_t begin = hit.first, end = hit.last;
    while (begin > 0 && words_[begin - 1].is_quoted) --begin;
    while (end + 1 < words_.size() && words_[end + 1].is_quoted) ++end;
    if (end - begin >= kLongestQuote) return false;
    const size_t from = begin > 10 ? begin - 10 : 0;
    for (size_t at = from; at < begin; ++at) {
      if (Has(at, asks_)) return true;
    }
    return false;
  }

  const std::vector<ReadWord>& words_;
  const size_t asks_, asks_how_, you_;
};

// Signatures of one family say much the same: each counts less than the one before.
double Together(std::vector<Hit> hits) {
  std::ranges::sort(hits, [](const Hit& a, const Hit& b) {
    return a.family != b.family ? a.family < b.family : a.weight > b.weight;
  });
  double doubt = 1;
  double factor = 1;
  for (size_t i = 0; i < hits.size(); ++i) {
    factor = i > 0 && hits[i - 1].family == hits[i].family ? factor * kAgain : 1;
    const double left = 1 - factor * hits[i].weight;
    doubt *= hits[i].family == InjectionFamily::kPersona ? std::pow(left, kPersonaPower) : left;
  }
  return 1 - doubt;
}

struct Best {
  double score = 0;
  Hit hit;

  void Consider(double candidate, const Hit& of) {
    if (candidate <= score) return;
    score = candidate;
    hit = of;
  }
};

// What overlaps says the same with other words.
void Extend(Hit& hit, const Hit& by) {
  const size_t end = std::max(hit.offset + hit.length, by.offset + by.length);
  if (by.offset >= hit.offset + hit.length || hit.offset >= by.offset + by.length) return;
  hit.offset = std::min(hit.offset, by.offset);
  hit.length = end - hit.offset;
}

// The worst window of hits that are in their order.
void JudgeWindows(const std::vector<Hit>& hits, size_t window, double factor, Best& best) {
  for (size_t first = 0; first < hits.size(); ++first) {
    std::vector<Hit> inside;
    Hit heaviest = hits[first];
    for (size_t i = first; i < hits.size() && hits[i].word < hits[first].word + window; ++i) {
      const auto same = std::ranges::find(inside, hits[i].signature, &Hit::signature);
      if (same == inside.end()) inside.push_back(hits[i]);
      if (hits[i].weight > heaviest.weight) heaviest = hits[i];
      if (inside.size() >= 32) break;
    }
    for (const Hit& each : inside) Extend(heaviest, each);
    best.Consider(factor * Together(std::move(inside)), heaviest);
  }
}

InjectionVerdict JudgePiece(std::string_view text, Provenance who, int depth);

// A text within the text: being hidden says something by itself.
void JudgeInner(const std::vector<InnerText>& inner, InjectionFamily family, double by_itself,
                Provenance who, int depth, InjectionVerdict& verdict) {
  for (const InnerText& each : inner) {
    const InjectionVerdict of = JudgePiece(each.text, who, depth + 1);
    const double score = of.score < 0.5 ? by_itself : 1 - (1 - of.score) * (1 - kEncodedAdds);
    if (score <= verdict.score) continue;
    verdict = {score, NameOf(family), each.offset, each.length};
  }
}

std::vector<Hit> HitsOf(std::string_view read, const std::vector<ReadWord>& words, Provenance who) {
  std::vector<Hit> hits;
  const Context context(words);
  for (const SignatureHit& each : FindSignatures(words)) {
    const size_t begin = words[each.first].offset;
    const size_t end = words[each.last].offset + words[each.last].length;
    const double weight = ByProvenance(each.weight * context.FactorOf(each), each.family, who);
    hits.push_back({each.first, begin, end - begin, each.signature, each.family, weight});
  }
  for (const PhraseHit& each : FindPhrases(read)) {
    const auto word = std::ranges::upper_bound(words, each.offset, {}, &ReadWord::offset);
    hits.push_back({static_cast<size_t>(word - words.begin()), each.offset, each.length,
                    each.signature, each.family, ByProvenance(each.weight, each.family, who)});
  }
  std::ranges::sort(hits, [](const Hit& a, const Hit& b) {
    return std::tie(a.word, a.signature) < std::tie(b.word, b.signature);
  });
  return hits;
}

bool Names(const std::vector<ReadWord>& words, std::string_view word) {
  return std::ranges::any_of(words, [word](const ReadWord& each) { return each.text() == word; });
}

InjectionVerdict JudgePiece(std::string_view text, Provenance who, int depth) {
  const NormalisedText read(text);
  const std::vector<ReadWord> words = ReadWords(read.text(), IsKnownWord);
  Best best;
  const std::vector<Hit> hits = HitsOf(read.text(), words, who);
  JudgeWindows(hits, kWindow, 1, best);
  JudgeWindows(hits, kWideWindow, kWideFactor, best);
  InjectionVerdict verdict;
  if (best.score > 0) {
    const size_t begin = read.RawBegin(best.hit.offset);
    verdict = {best.score, NameOf(best.hit.family), begin,
               read.RawEnd(best.hit.offset + best.hit.length) - begin};
  }
  if (depth >= kMostDepth) return verdict;
  if (!IsAscii(text)) {
    JudgeInner(HiddenTexts(text), InjectionFamily::kHidden, 0.7, who, depth, verdict);
  }
  JudgeInner(Base64Texts(text), InjectionFamily::kEncoded, 0, who, depth, verdict);
  if (Names(words, "rot13") || Names(words, "rot-13")) {
    JudgeInner({{Rot13(text), 0, text.size()}}, InjectionFamily::kEncoded, 0, who, depth, verdict);
  }
  return verdict;
}

}  // namespace

InjectionVerdict JudgeInjection(std::string_view text, Provenance who) {
  InjectionVerdict worst;
  for (size_t at = 0;; at += kPiece - kOverlap) {
    const InjectionVerdict of = JudgePiece(text.substr(at, kPiece), who, 0);
    if (of.score > worst.score) {
      worst = of;
      worst.offset += at;
    }
    if (at + kPiece >= text.size()) return worst;
  }
}

}  // namespace weir::guardrails
