#include "services/cache/quantities.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <unordered_map>

#include "common/text/ascii.h"
#include "common/text/parse.h"

namespace weir::cache {
namespace {

using text::IsDigit;

const std::unordered_map<std::string_view, int64_t>& SmallNumbers() {
  static const auto* const numbers = new std::unordered_map<std::string_view, int64_t>{
      {"zero", 0},     {"one", 1},      {"two", 2},        {"three", 3},     {"four", 4},
      {"five", 5},     {"six", 6},      {"seven", 7},      {"eight", 8},     {"nine", 9},
      {"ten", 10},     {"eleven", 11},  {"twelve", 12},    {"thirteen", 13}, {"fourteen", 14},
      {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19},
      {"twenty", 20},  {"thirty", 30},  {"forty", 40},     {"fifty", 50},    {"sixty", 60},
      {"seventy", 70}, {"eighty", 80},  {"ninety", 90},    {"dozen", 12}};
  return *numbers;
}

const std::unordered_map<std::string_view, int64_t>& Multipliers() {
  static const auto* const numbers = new std::unordered_map<std::string_view, int64_t>{
      {"hundred", 100}, {"thousand", 1000}, {"million", 1'000'000}, {"billion", 1'000'000'000},
      {"k", 1000},      {"m", 1'000'000},   {"bn", 1'000'000'000}};
  return *numbers;
}

std::optional<int64_t> Find(const std::unordered_map<std::string_view, int64_t>& numbers,
                            std::string_view word) {
  const auto at = numbers.find(word);
  if (at == numbers.end()) return std::nullopt;
  return at->second;
}

Concept UnitOf(const std::string& word) {
  // Of an hour; "I am" elsewhere.
  if (word == "am" || word == "pm") return VetoLexicon::ConceptOf(word);
  const Meaning* meaning = VetoLexicon::Get().Find(word, false);
  return meaning && meaning->word_class == WordClass::kUnit ? meaning->concept_id : 0;
}

Concept UnitOfSign(char sign) {
  if (sign == '%') return UnitOf("percent");
  return sign == '$' ? UnitOf("dollar") : 0;
}

// "10" and "km" of "10km".
struct Split {
  std::string digits, letters;
};
std::optional<Split> SplitDigits(const std::string& word) {
  const auto letter = std::ranges::find_if(word, [](char c) { return !IsDigit(c) && c != '.'; });
  if (letter == word.begin() || letter == word.end() || !IsDigit(word[0])) return std::nullopt;
  return Split{{word.begin(), letter}, {letter, word.end()}};
}

std::string Multiplied(const std::string& digits, int64_t by) {
  const std::optional<double> number = text::ParseDouble(digits);
  if (!number || *number > 1e9) return digits;
  return fmt::format("{}", *number * static_cast<double>(by));
}

// The words of a number are multiplied up: "two hundred", "5 million".
void TakeMultipliers(std::span<const Token> tokens, ReadNumber& read) {
  while (read.tokens < tokens.size()) {
    const std::string& word = tokens[read.tokens].text;
    const auto by = word.size() > 2 ? Find(Multipliers(), word) : std::nullopt;
    if (!by) return;
    read.quantity.value = Multiplied(read.quantity.value, *by);
    read.may_be_one = false;
    ++read.tokens;
  }
}

void TakeUnit(std::span<const Token> tokens, ReadNumber& read) {
  if (read.quantity.unit != 0 || read.tokens >= tokens.size()) return;
  read.quantity.unit = UnitOf(tokens[read.tokens].text);
  if (read.quantity.unit != 0) ++read.tokens;
}

std::string WithoutLeadingZeros(std::string digits) {
  while (digits.size() > 1 && digits[0] == '0' && IsDigit(digits[1])) digits.erase(0, 1);
  return digits;
}

std::optional<ReadNumber> ReadDigits(const Token& token) {
  ReadNumber read{
      .quantity = {.value = WithoutLeadingZeros(token.text), .unit = UnitOfSign(token.sign)},
      .tokens = 1};
  if (token.kind == Token::Kind::kNumber) return read;
  const std::optional<Split> split = SplitDigits(token.text);
  if (!split) return std::nullopt;
  read.quantity.value = split->digits;
  if (const auto by = Find(Multipliers(), split->letters)) {
    read.quantity.value = Multiplied(split->digits, *by);
    return read;
  }
  read.quantity.unit = UnitOf(split->letters);
  if (read.quantity.unit == 0) return std::nullopt;
  return read;
}

// "twenty five", "twenty-five".
std::optional<ReadNumber> ReadWords(std::span<const Token> tokens) {
  // "one" to "seventeen": most words are told by their length.
  const std::string& word = tokens[0].text;
  if (word.size() < 3 || word.size() > 9) return std::nullopt;
  auto value = Find(SmallNumbers(), word);
  if (!value) return std::nullopt;
  ReadNumber read{.tokens = 1, .may_be_one = *value == 1};
  if (*value >= 20 && tokens.size() > 1) {
    const auto ones = Find(SmallNumbers(), tokens[1].text);
    if (ones && *ones > 0 && *ones < 10) {
      *value += *ones;
      ++read.tokens;
    }
  }
  read.quantity.value = fmt::format("{}", *value);
  return read;
}

}  // namespace

std::optional<ReadNumber> ReadNumberAt(std::span<const Token> tokens) {
  std::optional<ReadNumber> read = ReadDigits(tokens[0]);
  const bool digits = read.has_value();
  if (!digits) read = ReadWords(tokens);
  if (!read) return std::nullopt;
  TakeMultipliers(tokens, *read);
  const size_t without_unit = read->tokens;
  TakeUnit(tokens, *read);
  const bool compound = tokens[without_unit - 1].hyphen_follows && read->tokens == without_unit;
  if (!digits && compound) return std::nullopt;
  return read;
}

std::string_view OrdinalOf(std::string_view word) {
  static const auto* const ordinals = new std::unordered_map<std::string_view, std::string_view>{
      {"first", "1"},  {"third", "3"},     {"fourth", "4"},  {"fifth", "5"},
      {"sixth", "6"},  {"seventh", "7"},   {"eighth", "8"},  {"ninth", "9"},
      {"tenth", "10"}, {"eleventh", "11"}, {"twelfth", "12"}};
  constexpr size_t kShortest = 5, kLongest = 8;
  if (word.size() >= kShortest && word.size() <= kLongest) {
    if (const auto at = ordinals->find(word); at != ordinals->end()) return at->second;
  }
  if (word.size() < 3 || !IsDigit(word[0])) return {};
  const std::string_view digits = word.substr(0, word.size() - 2);
  const std::string_view end = word.substr(word.size() - 2);
  const bool is_ordinal = (end == "st" || end == "nd" || end == "rd" || end == "th") &&
                          std::ranges::all_of(digits, IsDigit);
  return is_ordinal ? digits : std::string_view();
}

}  // namespace weir::cache
