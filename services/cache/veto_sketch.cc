#include "services/cache/veto_sketch.h"

#include <algorithm>
#include <functional>

#include "common/text/ascii.h"
#include "services/cache/sorted_set.h"

namespace weir::cache {
namespace {

// From the highest bit: 8 of the first letter, 14 of the length, then whether there are digits.
constexpr int kHashBits = 41;
constexpr int kLengthShift = kHashBits + 1;
constexpr int kFirstShift = kLengthShift + 14;
constexpr uint64_t kDigits = uint64_t{1} << kHashBits;
constexpr uint64_t kMaxLength = (1 << 14) - 1;

uint64_t Hash(std::string_view text) { return std::hash<std::string_view>()(text); }

uint64_t Mix(uint64_t all, uint64_t next) {
  return (all ^ (next + 0x9E3779B97F4A7C15U + (all << 6) + (all >> 2))) * 0xFF51AFD7ED558CCDU;
}

bool HasDigits(std::string_view word) { return std::ranges::any_of(word, text::IsDigit); }

uint64_t Pack(std::string_view word) {
  const uint64_t first = word.empty() ? 0 : static_cast<unsigned char>(word[0]);
  const uint64_t length = std::min<uint64_t>(word.size(), kMaxLength);
  return first << kFirstShift | length << kLengthShift | (HasDigits(word) ? kDigits : 0) |
         (Hash(word) & (kDigits - 1));
}

// What the rules on numbers and on units compare.
uint64_t NumbersOf(const Wording& wording) {
  uint64_t all = wording.perhaps_ones;
  for (const Quantity& each : wording.quantities) all = Mix(Mix(all, Hash(each.value)), each.unit);
  for (const std::string& each : wording.ordinals) all = Mix(all, Hash(each) ^ 1);
  std::vector<Concept> units;
  for (const Term& each : wording.terms) {
    if (each.word_class == WordClass::kUnit) units.push_back(each.concept_id);
  }
  MakeSet(units);
  for (const Concept each : units) all = Mix(all, ~uint64_t{each});
  return all;
}

void AddLabels(const std::vector<std::string>& words, std::vector<uint64_t>& labels) {
  for (const std::string& each : words) {
    if (HasDigits(each)) labels.push_back(Pack(each));
  }
}

// A word of `words` could be taken for a misspelling of `label`: as long but for a letter, with the
// same first one, and without digits.
bool MayBeMended(uint64_t label, const std::vector<uint64_t>& words) {
  const uint64_t first = label >> kFirstShift;
  const uint64_t length = label >> kLengthShift & kMaxLength;
  const uint64_t from = first << kFirstShift | (length - 1) << kLengthShift;
  const uint64_t to = first << kFirstShift | std::min(length + 2, kMaxLength) << kLengthShift;
  const auto begin = std::ranges::lower_bound(words, from);
  const auto end = std::ranges::lower_bound(words, to);
  return length + 1 >= kMaxLength ||
         std::any_of(begin, end, [](uint64_t each) { return (each & kDigits) == 0; });
}

bool HasAnother(const VetoSketch& one, const VetoSketch& other) {
  return std::ranges::any_of(one.labels, [&](uint64_t label) {
    return !std::ranges::binary_search(other.words, label) && !MayBeMended(label, other.words);
  });
}

}  // namespace

VetoSketch SketchOf(const Wording& wording) {
  VetoSketch sketch{.too_long = wording.too_long, .words = {}, .labels = {}, .numbers = 0};
  if (wording.too_long) return sketch;
  sketch.words.reserve(wording.words.size());
  for (const std::string& each : wording.words) sketch.words.push_back(Pack(each));
  MakeSet(sketch.words);
  AddLabels(wording.code, sketch.labels);
  AddLabels(wording.quoted, sketch.labels);
  MakeSet(sketch.labels);
  sketch.numbers = NumbersOf(wording);
  return sketch;
}

VetoReason QuickVeto(const VetoSketch& asked, const VetoSketch& cached) {
  if (asked.too_long || cached.too_long || asked.numbers != cached.numbers) return {};
  const bool differ = HasAnother(asked, cached) || HasAnother(cached, asked);
  return differ ? "veto_identifier" : VetoReason();
}

}  // namespace weir::cache
