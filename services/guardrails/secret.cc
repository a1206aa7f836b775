#include <algorithm>
#include <array>

#include "services/guardrails/recognisers.h"

namespace weir::guardrails {
namespace {

enum class Alphabet : uint8_t { kUpperDigits, kAlnum, kUrlSafe };

struct Shape {
  std::string_view prefix;
  Alphabet alphabet;
  size_t shortest;        // Characters after the prefix.
  bool is_exact = false;  // Neither more of them.
};
// Of gitleaks' rules those whose prefix says whose key it is.
constexpr std::array<Shape, 31> kShapes = {{
    {"AKIA", Alphabet::kUpperDigits, 16, true},
    {"ASIA", Alphabet::kUpperDigits, 16, true},
    {"AIza", Alphabet::kUrlSafe, 35},
    {"ghp_", Alphabet::kAlnum, 36},
    {"gho_", Alphabet::kAlnum, 36},
    {"ghu_", Alphabet::kAlnum, 36},
    {"ghs_", Alphabet::kAlnum, 36},
    {"ghr_", Alphabet::kAlnum, 36},
    {"github_pat_", Alphabet::kUrlSafe, 40},
    {"glpat-", Alphabet::kUrlSafe, 20},
    {"sk-ant-", Alphabet::kUrlSafe, 24},
    {"sk-proj-", Alphabet::kUrlSafe, 24},
    {"sk-or-", Alphabet::kUrlSafe, 24},
    {"sk-", Alphabet::kAlnum, 20},
    {"sk_live_", Alphabet::kAlnum, 16},
    {"sk_test_", Alphabet::kAlnum, 16},
    {"rk_live_", Alphabet::kAlnum, 16},
    {"rk_test_", Alphabet::kAlnum, 16},
    {"pk_live_", Alphabet::kAlnum, 16},
    {"whsec_", Alphabet::kAlnum, 24},
    {"xoxb-", Alphabet::kUrlSafe, 20},
    {"xoxp-", Alphabet::kUrlSafe, 20},
    {"xoxa-", Alphabet::kUrlSafe, 20},
    {"xoxr-", Alphabet::kUrlSafe, 20},
    {"xoxs-", Alphabet::kUrlSafe, 20},
    {"xapp-", Alphabet::kUrlSafe, 20},
    {"hf_", Alphabet::kAlnum, 30},
    {"npm_", Alphabet::kAlnum, 36},
    {"gsk_", Alphabet::kAlnum, 40},
    {"dop_v1_", Alphabet::kAlnum, 60},
    {"weir_", Alphabet::kUrlSafe, 32},
}};

bool IsIn(Reader& reader, size_t at, Alphabet alphabet) {
  if (alphabet == Alphabet::kUpperDigits) {
    const int c = reader.At(at);
    return Reader::IsDigit(c) || (c >= 'A' && c <= 'Z');
  }
  if (reader.HasAlnum(at)) return true;
  return alphabet == Alphabet::kUrlSafe && (reader.Has(at, '-') || reader.Has(at, '_'));
}

bool BeginsWith(Reader& reader, std::string_view prefix) {
  for (size_t i = 0; i < prefix.size(); ++i) {
    if (!reader.Has(i, prefix[i])) return false;
  }
  return true;
}

// Gitleaks' allow-list: what documentation shows in the place of one.
bool IsPlaceholder(std::string_view body) {
  if (body.ends_with("EXAMPLE") || body.ends_with("EXAMPLEKEY")) return true;
  return std::ranges::all_of(body, [&](char each) { return each == body[0]; });
}

// As many characters as its shape needs; the rest is its tail.
size_t KeyOf(Reader& reader, const Shape& shape) {
  if (!BeginsWith(reader, shape.prefix)) return 0;
  const size_t begin = shape.prefix.size();
  size_t end = begin;
  while (end < begin + shape.shortest && IsIn(reader, end, shape.alphabet)) ++end;
  if (end < begin + shape.shortest) return 0;
  if (shape.is_exact && (reader.HasAlnum(end) || reader.Has(end, '_'))) return 0;
  return IsPlaceholder(reader.Read(begin, shape.shortest)) ? 0 : end;
}

// Of a JSON web token (RFC 7519) the header, which begins with {", and the beginning of its
// payload.
size_t WebToken(Reader& reader) {
  if (!BeginsWith(reader, "eyJ")) return 0;
  size_t at = 3;
  while (at < kLongestMatch - 8 && IsIn(reader, at, Alphabet::kUrlSafe)) ++at;
  if (at < 12 || !reader.Has(at, '.') || !reader.Has(at + 1, 'e')) return 0;
  for (size_t i = at + 2; i < at + 8; ++i) {
    if (!IsIn(reader, i, Alphabet::kUrlSafe)) return 0;
  }
  return at + 8;
}

// "-----BEGIN RSA PRIVATE KEY-----" (RFC 7468).
size_t PrivateKey(Reader& reader) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kEnd = "PRIVATE KEY-----";
  constexpr size_t kLongestKind = 20;
  if (!BeginsWith(reader, kBegin)) return 0;
  for (size_t at = kBegin.size(); at < kBegin.size() + kLongestKind; ++at) {
    size_t same = 0;
    while (same < kEnd.size() && reader.Has(at + same, kEnd[same])) ++same;
    if (same == kEnd.size()) return at + same;
    if (!reader.HasLetter(at) && !reader.Has(at, ' ')) return 0;
  }
  return 0;
}

}  // namespace

Recognition RecogniseSecret(Reader& reader, std::string_view) {
  if (reader.Has(0, '-')) return {.length = PrivateKey(reader), .tail = Recognition::Tail::kPem};
  for (const Shape& each : kShapes) {
    if (!reader.Has(0, each.prefix[0])) continue;
    const size_t length = KeyOf(reader, each);
    if (length == 0) continue;
    return {length, each.is_exact ? Recognition::Tail::kNone : Recognition::Tail::kToken};
  }
  return {.length = WebToken(reader), .tail = Recognition::Tail::kToken};
}

}  // namespace weir::guardrails
