#include <array>

#include "services/guardrails/country_codes.h"
#include "services/guardrails/cues.h"
#include "services/guardrails/digit_groups.h"
#include "services/guardrails/recognisers.h"

namespace weir::guardrails {
namespace {

constexpr size_t kMostDigits = 15;  // E.164, 6.2.1.

// The digits of a number and where its groups end. Between groups there are one or two of " -./()";
// a trunk prefix, "(0)", is none of its digits.
struct Number {
  struct Group {
    size_t digits = 0;  // Up to and with this one.
    size_t end = 0;
  };
  std::array<char, kMostDigits> digits{};
  std::array<Group, kMostDigits> groups{};
  size_t size = 0;

  std::string_view Digits(size_t count) const {
    return {digits.data(), count == 0 ? 0 : groups[count - 1].digits};
  }
  size_t digits_of(size_t i) const {
    return groups[i].digits - (i == 0 ? 0 : groups[i - 1].digits);
  }
};

bool IsGapMark(int c) {
  return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')';
}

// Where the next digit is after up to two marks; `at`: there is none.
size_t AfterGap(Reader& reader, size_t at) {
  size_t next = at;
  while (next < at + 2 && IsGapMark(reader.At(next))) ++next;
  return reader.HasDigit(next) ? next : at;
}

size_t AfterTrunkPrefix(Reader& reader, size_t at) {
  const size_t open = reader.Has(at, ' ') ? at + 1 : at;
  const bool has_one =
      reader.Has(open, '(') && reader.Has(open + 1, '0') && reader.Has(open + 2, ')');
  return has_one ? open + 3 : at;
}

Number ReadNumber(Reader& reader, size_t begin) {
  Number number;
  size_t digits = 0;
  for (size_t at = begin;;) {
    const size_t first = digits;
    while (reader.HasDigit(at) && digits < kMostDigits) {
      number.digits[digits++] = static_cast<char>(reader.At(at++));
    }
    if (digits == first || reader.HasDigit(at)) return number;
    number.groups[number.size++] = {digits, at};
    if (digits == kMostDigits) return number;
    const size_t next = AfterGap(reader, number.size == 1 ? AfterTrunkPrefix(reader, at) : at);
    if (!reader.HasDigit(next)) return number;
    at = next;
  }
}

// After `end` with the extension that is written there, if one is.
size_t WithExtension(Reader& reader, size_t end) {
  size_t at = end;
  while (at < end + 2 && (reader.Has(at, ' ') || reader.Has(at, ','))) ++at;
  if (!reader.Has(at, 'x') && !(reader.Has(at, 'e') && reader.Has(at + 1, 'x'))) return end;
  while (at < end + 12 && (reader.HasLetter(at) || reader.Has(at, '.') || reader.Has(at, ' ')))
    ++at;
  size_t last = at;
  while (reader.HasDigit(last) && last < at + 6) ++last;
  return last == at || reader.HasAlnum(last) ? end : last;
}

// As many groups as make a number of that many digits, and where it ends; 0: none do.
size_t EndOf(Reader& reader, const Number& number, size_t shortest, size_t longest) {
  for (size_t count = number.size; count > 0; --count) {
    const Number::Group& last = number.groups[count - 1];
    if (last.digits < shortest || last.digits > longest) continue;
    if (EndsNumber(reader, last.end)) return last.end;
  }
  return 0;
}

size_t International(Reader& reader) {
  const size_t begin = reader.Has(0, '+') ? 1 : 2;
  if (begin == 2 && !(reader.Has(0, '0') && reader.Has(1, '0'))) return 0;
  if (!reader.HasDigit(begin)) return 0;
  const Number number = ReadNumber(reader, begin);
  const CallingPlan plan = CallingPlanOf(number.Digits(number.size));
  if (plan.code_digits == 0) return 0;
  // Behind "00" a number in one piece may be anything.
  if (begin == 2 && number.size == 1) return 0;
  return EndOf(reader, number, plan.shortest, plan.longest);
}

// An area or an exchange: not 0, 1, nor one of the service codes N11.
bool IsNanpCode(std::string_view code) {
  return code[0] >= '2' && !(code[1] == '1' && code[2] == '1');
}

// "(212) 555-0147", "1-212-555-0147", "212.555.0147".
size_t NorthAmerican(Reader& reader, const Number& number) {
  const size_t front =
      number.size > 0 && number.digits_of(0) == 1 && number.digits[0] == '1' ? 1 : 0;
  if (number.size < front + 3) return 0;
  if (number.digits_of(front) != 3 || number.digits_of(front + 1) != 3) return 0;
  if (number.digits_of(front + 2) != 4) return 0;
  const std::string_view digits = number.Digits(number.size);
  if (!IsNanpCode(digits.substr(front, 3)) || !IsNanpCode(digits.substr(front + 3, 3))) return 0;
  const size_t end = number.groups[front + 2].end;
  return EndsNumber(reader, end) ? end : 0;
}

bool IsLikeUsSsn(const Number& number) {
  return number.size == 3 && number.digits_of(0) == 3 && number.digits_of(1) == 2 &&
         number.digits_of(2) == 4;
}

// With the 0 that long-distance calls begin with in most of Europe.
size_t National(Reader& reader, const Number& number) {
  if (number.size < 2 || number.digits[0] != '0' || number.digits[1] == '0') return 0;
  if (number.digits_of(0) < 2 || number.digits_of(0) > 6) return 0;
  if (IsLikeUsSsn(number)) return 0;
  return EndOf(reader, number, 9, 12);
}

int PhoneCue(std::string_view before) {
  return NearestCue(before,
                    {"phone",   "tel",       "call",     "mobile",   "cell",    "mobil", "handy",
                     "móvil",   "movil",     "tél",      "whatsapp", "sms",     "fax",   "dial",
                     "hotline", "rufnummer", "portable", "reach",    "contact", "rufen"});
}

// A number that has a name of its own.
int OtherName(std::string_view before) {
  return NearestCue(before, {"cpf", "sécurité", "ssn", "social", "bsn", "nhs", "card", "karte"});
}

bool IsSomethingElse(std::string_view before) {
  return HasCue(before,
                {"order",  "invoice", "tracking", "isbn",    "part", "serial",  "ticket", "epoch",
                 "pedido", "factur",  "rechnung", "sku",     "upc",  "version", "doi",    "routing",
                 "label",  "account", "nhs",      "aadhaar", "tfn",  "sin",     "compute"});
}

size_t Written(Reader& reader, std::string_view before) {
  const bool has_parenthesis = reader.Has(0, '(');
  if (!has_parenthesis && !reader.HasDigit(0)) return 0;
  const Number number = ReadNumber(reader, has_parenthesis ? 1 : 0);
  size_t end = NorthAmerican(reader, number);
  if (end == 0) end = National(reader, number);
  const bool tells_itself = end != 0;
  if (!tells_itself && !has_parenthesis) end = EndOf(reader, number, 7, 13);
  // Words last: looking for them costs most.
  if (end == 0) return 0;
  const int cue = PhoneCue(before);
  if (OtherName(before) < cue) return 0;
  if (cue != kNoCue) return end;
  return tells_itself && !IsSomethingElse(before) ? end : 0;
}

}  // namespace

Recognition RecognisePhone(Reader& reader, std::string_view before) {
  if (!MayBeginNumber(before)) return {};
  size_t end = International(reader);
  if (end == 0) end = Written(reader, before);
  if (end == 0) return {};
  return {.length = WithExtension(reader, end)};
}

}  // namespace weir::guardrails
