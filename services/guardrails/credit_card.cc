#include <algorithm>
#include <array>

#include "services/guardrails/check_digits.h"
#include "services/guardrails/cues.h"
#include "services/guardrails/digit_groups.h"
#include "services/guardrails/recognisers.h"

namespace weir::guardrails {
namespace {

constexpr size_t kShortest = 13;
constexpr size_t kLongest = 19;

// First six digits, inclusive, and how many digits the issuer's cards have.
struct Issuer {
  int first, last;
  size_t shortest, longest;
};
constexpr std::array<Issuer, 22> kIssuers = {{
    {400000, 499999, 13, 19},                            // Visa.
    {510000, 559999, 16, 16}, {222100, 272099, 16, 16},  // Mastercard.
    {340000, 349999, 15, 15}, {370000, 379999, 15, 15},  // American Express.
    {300000, 305999, 14, 19}, {309500, 309599, 14, 19},  // Diners Club.
    {360000, 369999, 14, 19}, {380000, 399999, 14, 19}, {601100, 601199, 16, 19},
    {644000, 659999, 16, 19},                            // Discover.
    {352800, 358999, 16, 19},                            // JCB.
    {620000, 629999, 16, 19},                            // UnionPay.
    {220000, 220499, 16, 19},                            // Mir.
    {501800, 501899, 13, 19}, {502000, 502099, 13, 19},  // Maestro.
    {503800, 503899, 13, 19}, {589300, 589399, 13, 19}, {630400, 630499, 13, 19},
    {675900, 676399, 13, 19}, {508500, 508999, 16, 16},  // RuPay.
    {606282, 606282, 16, 16},                            // Hipercard.
}};

bool IsIssued(std::string_view digits) {
  int prefix = 0;
  for (size_t i = 0; i < 6; ++i) prefix = prefix * 10 + (digits[i] - '0');
  return std::ranges::any_of(kIssuers, [&](const Issuer& each) {
    return prefix >= each.first && prefix <= each.last && digits.size() >= each.shortest &&
           digits.size() <= each.longest;
  });
}

// In fours, or as American Express and Diners Club print theirs.
bool IsPrintedSo(const DigitGroups& groups, size_t count) {
  if (count == 1) return true;
  if (groups.digits_of(0) != 4 || !groups.IsUniform(count)) return false;
  if (groups.digits_of(1) == 6) return count == 3 && groups.digits_of(2) <= 5;
  for (size_t i = 1; i + 1 < count; ++i) {
    if (groups.digits_of(i) != 4) return false;
  }
  return groups.digits_of(count - 1) <= 4;
}

bool IsCard(const DigitGroups& groups, size_t count) {
  const std::string_view digits = groups.Digits(count);
  return digits.size() >= kShortest && digits.size() <= kLongest && IsIssued(digits) &&
         IsPrintedSo(groups, count) && PassesLuhn(digits);
}

// One number of ten passes Luhn's check by chance.
bool IsSomethingElse(std::string_view before) {
  if (HasCue(before, {"card", "karte", "tarjeta", "carte", "visa", "master", "amex"})) return false;
  return HasCue(before, {"order", "invoice", "tracking", "isbn", "epoch", "pedido", "factur",
                         "rechnung", "commit", "serial", "imei"});
}

}  // namespace

Recognition RecogniseCreditCard(Reader& reader, std::string_view before) {
  if (!reader.HasDigit(0) || !MayBeginNumber(before)) return {};
  const DigitGroups groups(reader, 0, " -", kLongest);
  for (size_t count = groups.size(); count > 0; --count) {
    if (!IsCard(groups, count) || !EndsNumber(reader, groups[count - 1].end)) continue;
    if (IsSomethingElse(before)) return {};
    return {.length = groups[count - 1].end};
  }
  return {};
}

}  // namespace weir::guardrails
