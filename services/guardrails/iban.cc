#include <algorithm>
#include <array>

#include "services/guardrails/check_digits.h"
#include "services/guardrails/recognisers.h"

namespace weir::guardrails {
namespace {

struct Country {
  std::string_view code;
  size_t length;
};
// The IBAN registry of SWIFT, release 99; sorted by code.
constexpr std::array<Country, 89> kCountries = {{
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22},
    {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24},
    {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18},
    {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27},
    {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
    {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20},
    {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20},
    {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24},
    {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
    {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25},
    {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20},
    {"YE", 30},
}};
constexpr size_t kLongest = 34;

// 0: no such country.
size_t LengthFor(char first, char second) {
  const std::array<char, 2> code{text::ToUpper(first), text::ToUpper(second)};
  const std::string_view wanted(code.data(), code.size());
  const auto found = std::ranges::lower_bound(kCountries, wanted, {}, &Country::code);
  return found != kCountries.end() && found->code == wanted ? found->length : 0;
}

// Its letters and digits, without what they are grouped by.
struct Compact {
  std::array<char, kLongest> characters{};
  size_t end = 0;  // Of the text. 0: it is too short, or grouped otherwise.
};
Compact ReadCompact(Reader& reader, size_t length) {
  Compact compact;
  size_t at = 0;
  char separator = 0;
  for (size_t i = 0; i < length; ++i) {
    if (i > 0 && i % 4 == 0 && (reader.Has(at, ' ') || reader.Has(at, '-'))) {
      const char mark = static_cast<char>(reader.At(at++));
      if (separator != 0 && mark != separator) return compact;
      separator = mark;
    }
    if (!reader.HasAlnum(at)) return compact;
    compact.characters[i] = static_cast<char>(reader.At(at++));
  }
  compact.end = at;
  return compact;
}

}  // namespace

Recognition RecogniseIban(Reader& reader, std::string_view) {
  if (!reader.HasLetter(0) || !reader.HasLetter(1)) return {};
  if (!reader.HasDigit(2) || !reader.HasDigit(3)) return {};
  const size_t length = LengthFor(static_cast<char>(reader.At(0)), static_cast<char>(reader.At(1)));
  if (length == 0) return {};
  const Compact compact = ReadCompact(reader, length);
  if (compact.end == 0 || reader.HasAlnum(compact.end)) return {};
  const std::string_view all(compact.characters.data(), length);
  if (!IsOneByMod97(all.substr(4), all.substr(0, 4))) return {};
  return {.length = compact.end};
}

}  // namespace weir::guardrails
