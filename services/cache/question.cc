#include "services/cache/question.h"

#include <algorithm>
#include <functional>

#include "services/cache/code_names.h"
#include "services/cache/sorted_set.h"
#include "services/cache/stem.h"

namespace weir::cache {
namespace {

using features::FindOpposite;
using features::IsNegation;
using features::IsStopWord;
using features::IsUnit;
using features::NumberOf;
using features::QuestionClass;

uint32_t Hash(std::string_view text) {
  return static_cast<uint32_t>(std::hash<std::string_view>()(text));
}

uint32_t HashPair(uint32_t first, uint32_t second) {
  const uint64_t mixed = ((uint64_t{first} << 32) | second) * 0x9E3779B97F4A7C15u;
  return static_cast<uint32_t>(mixed >> 32) ^ static_cast<uint32_t>(mixed);
}

bool TellsTopic(std::string_view word) {
  return !IsStopWord(word) && !IsNegation(word) && QuestionClass(word) == 0;
}

std::string NumberOrDigits(const std::string& word) {
  if (word[0] < '0' || word[0] > '9') return std::string(NumberOf(word));
  std::string digits = word;
  std::erase(digits, ',');
  return digits;
}

void AddLists(Question& question, const std::string& word) {
  question.word_set.push_back(Hash(word));
  if (IsStopWord(word)) question.stop_words.push_back(Hash(word));
  if (IsUnit(word)) question.units.push_back(Hash(word));
  if (IsNegation(word)) ++question.negations;
  if (const auto opposite = FindOpposite(word)) question.opposites.push_back(*opposite);
  if (const std::string number = NumberOrDigits(word); !number.empty()) {
    question.numbers.push_back(Hash(number));
  }
  if (question.question_class == 0) question.question_class = QuestionClass(word);
}

void AddStem(Question& question, const std::string& word, const StemWeights& weights) {
  std::string stem = StemOfPossessive(word);
  const uint32_t hash = Hash(stem);
  question.stems.push_back(hash);
  if (!TellsTopic(word)) return;
  const double weight = weights.Of(stem);
  question.content.push_back({hash, std::move(stem), weight});
}

void FinishContent(Question& question) {
  std::ranges::sort(question.content, {}, &Question::Content::hash);
  const auto repeated = std::ranges::unique(question.content, {}, &Question::Content::hash);
  question.content.erase(repeated.begin(), repeated.end());
  for (const Question::Content& each : question.content) question.content_weight += each.weight;
}

void AddBigrams(Question& question) {
  uint32_t before = Hash("^");
  for (const uint32_t stem : question.stems) {
    question.bigrams.push_back(HashPair(before, stem));
    before = stem;
  }
  question.bigrams.push_back(HashPair(before, Hash("$")));
  MakeSet(question.bigrams);
}

std::string Joined(const std::vector<std::string>& words) {
  std::string joined = " ";
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) joined += ' ';
    joined += words[i];
  }
  joined += ' ';
  return joined;
}

void AddNames(Question& question, std::string_view text) {
  for (const std::string& name : CodeNames(text)) question.names.push_back(Hash(name));
  MakeSet(question.names);
}

void FinishSets(Question& question) {
  MakeSet(question.word_set);
  MakeSet(question.stop_words);
  MakeSet(question.units);
  MakeSet(question.opposites);
  std::ranges::sort(question.numbers);
  question.sorted_stems = question.stems;
  std::ranges::sort(question.sorted_stems);
}

}  // namespace

std::vector<uint32_t> Trigrams(std::string_view text) {
  std::vector<uint32_t> grams;
  for (size_t i = 0; i + 2 < text.size(); ++i) {
    const auto byte = [&](size_t at) { return uint32_t{static_cast<unsigned char>(text[at])}; };
    grams.push_back(byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2));
  }
  MakeSet(grams);
  return grams;
}

Question ReadQuestion(std::string_view text, const StemWeights& weights) {
  Question question;
  question.too_long = text.size() > kMaxQuestionBytes;
  if (question.too_long) return question;
  const std::vector<std::string> words = FeatureWords(text);
  question.too_long = words.size() > kMaxQuestionWords;
  if (question.too_long) return question;
  question.words = static_cast<uint32_t>(words.size());
  for (const std::string& word : words) {
    AddLists(question, word);
    AddStem(question, word, weights);
  }
  FinishSets(question);
  FinishContent(question);
  AddBigrams(question);
  AddNames(question, text);
  question.trigrams = Trigrams(Joined(words));
  return question;
}

}  // namespace weir::cache
