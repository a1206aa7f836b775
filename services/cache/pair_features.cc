#include "services/cache/pair_features.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "services/cache/common_subsequence.h"

namespace weir::cache {
namespace {

using Values = std::vector<uint32_t>;

template <typename T>
size_t CommonCount(const std::vector<T>& a, const std::vector<T>& b) {
  size_t count = 0;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) {
      ++count, ++i, ++j;
    } else if (a[i] < b[j]) {
      ++i;
    } else {
      ++j;
    }
  }
  return count;
}

double Share(double part, double whole) { return part / std::max(1.0, whole); }

double Jaccard(const Values& a, const Values& b) {
  const auto common = static_cast<double>(CommonCount(a, b));
  return Share(common, static_cast<double>(a.size() + b.size()) - common);
}

// The topic of one side that the other does not name.
struct Unmatched {
  std::vector<const Question::Content*> stems;
  double weight = 0, heaviest = 0;
  double unlike = 0;  // Weight that no similar spelling on the other side explains.
};

double BestSpelling(const std::string& stem, const std::vector<Values>& others) {
  const Values own = Trigrams(" " + stem + " ");
  double best = 0;
  for (const Values& each : others) best = std::max(best, Jaccard(own, each));
  return best;
}

std::vector<Values> Spellings(const Question& question) {
  std::vector<Values> all;
  for (const auto& each : question.content) all.push_back(Trigrams(" " + each.stem + " "));
  return all;
}

Unmatched FindUnmatched(const Question& one, const Question& other) {
  Unmatched found;
  for (const Question::Content& each : one.content) {
    if (std::ranges::binary_search(other.content, each.hash, {}, &Question::Content::hash))
      continue;
    found.stems.push_back(&each);
    found.weight += each.weight;
    found.heaviest = std::max(found.heaviest, each.weight);
  }
  if (found.stems.empty()) return found;
  const std::vector<Values> others = Spellings(other);
  for (const Question::Content* each : found.stems) {
    found.unlike += each->weight * (1 - BestSpelling(each->stem, others));
  }
  return found;
}

size_t DistinctDifference(Values a, Values b) {
  a.erase(std::ranges::unique(a).begin(), a.end());
  b.erase(std::ranges::unique(b).begin(), b.end());
  return a.size() + b.size() - 2 * CommonCount(a, b);
}

bool Has(const Question& question, features::OppositeId id) {
  return std::ranges::binary_search(question.opposites, id);
}

// Pairs of a word of `a` and its opposite in `b` that the other side does not have as well.
size_t Opposites(const Question& a, const Question& b) {
  size_t count = 0;
  for (const features::OppositeId one : a.opposites) {
    if (Has(b, one)) continue;
    for (const features::OppositeId other : features::OppositesOf(one)) {
      if (Has(b, other) && !Has(a, other)) ++count;
    }
  }
  return count;
}

size_t NamesNotIn(const Question& one, const Question& other) {
  return static_cast<size_t>(std::ranges::count_if(one.names, [&](uint32_t name) {
    return !std::ranges::binary_search(other.names, name) &&
           !std::ranges::binary_search(other.word_set, name);
  }));
}

size_t CommonPrefix(const Values& a, const Values& b) {
  return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

size_t CommonSuffix(const Values& a, const Values& b) {
  return static_cast<size_t>(std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend()).first -
                             a.rbegin());
}

double SharedSequence(const Values& a, const Values& b) {
  if (a.empty() || b.empty()) return 0;
  return 2.0 * static_cast<double>(LongestCommonSubsequence(a, b)) /
         static_cast<double>(a.size() + b.size());
}

// Fills the array in its order, rounding each value once.
class Filler {
 public:
  explicit Filler(PairFeatures& features) : features_(features) {}
  template <typename... Values>
  void Add(Values... values) {
    ((features_[next_++] = static_cast<float>(values)), ...);
  }

 private:
  PairFeatures& features_;
  size_t next_ = 0;
};

double SharedWeight(const Question& a, const Question& b) {
  double shared = 0;
  for (const Question::Content& each : a.content) {
    if (std::ranges::binary_search(b.content, each.hash, {}, &Question::Content::hash)) {
      shared += each.weight;
    }
  }
  return shared;
}

void AddContent(Filler& out, const Question& a, const Question& b) {
  constexpr double kNoWeight = 1e-6;
  const Unmatched of_a = FindUnmatched(a, b);
  const Unmatched of_b = FindUnmatched(b, a);
  const auto common = static_cast<double>(a.content.size() - of_a.stems.size());
  const double shared = SharedWeight(a, b);
  out.Add(Share(common, common + static_cast<double>(of_a.stems.size() + of_b.stems.size())),
          a.content.empty() ? 1 : shared / std::max(kNoWeight, a.content_weight),
          b.content.empty() ? 1 : shared / std::max(kNoWeight, b.content_weight),  //
          of_a.weight, of_b.weight, of_a.heaviest, of_b.heaviest, of_a.unlike, of_b.unlike,
          of_a.stems.size(), of_b.stems.size());
}

void AddMarks(Filler& out, const Question& a, const Question& b) {
  out.Add(a.numbers == b.numbers, DistinctDifference(a.numbers, b.numbers),
          std::abs(a.negations - b.negations), a.negations % 2 != b.negations % 2, Opposites(a, b),
          NamesNotIn(a, b), NamesNotIn(b, a),
          a.sorted_stems == b.sorted_stems && a.stems != b.stems,
          a.question_class == b.question_class);
}

void AddShape(Filler& out, const Question& a, const Question& b) {
  const double longer = std::max({1U, a.words, b.words});
  out.Add(Jaccard(a.stop_words, b.stop_words), SharedSequence(a.stems, b.stems),
          static_cast<double>(CommonPrefix(a.stems, b.stems)) / longer,
          static_cast<double>(CommonSuffix(a.stems, b.stems)) / longer, a.units != b.units);
}

void AddAlignment(Filler& out, const Alignment& each) {
  out.Add(each.cosine, each.a.mean, each.b.mean, each.a.worst, each.b.worst, each.a.missing,
          each.b.missing, each.a.most_missed, each.b.most_missed);
}

}  // namespace

PairFeatures Compare(const Question& asked, const Question& cached, const Alignment& alignment) {
  PairFeatures features{};
  Filler out(features);
  const uint32_t words_asked = std::max(1U, asked.words);
  const uint32_t words_cached = std::max(1U, cached.words);
  AddContent(out, asked, cached);
  out.Add(Jaccard(asked.trigrams, cached.trigrams), Jaccard(asked.bigrams, cached.bigrams),
          std::min(words_asked, words_cached), std::max(words_asked, words_cached));
  AddMarks(out, asked, cached);
  AddShape(out, asked, cached);
  AddAlignment(out, alignment);
  return features;
}

}  // namespace weir::cache
