#include "services/guardrails/scanner.h"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace weir::guardrails {
namespace {

using Recogniser = Recognition (*)(Reader&, std::string_view);

// In the order of Entity.
constexpr std::array<Recogniser, kEntities> kRecognisers = {
    RecogniseEmail, RecognisePhone,     RecogniseUsSsn,  RecogniseCreditCard,
    RecogniseIban,  RecogniseIpAddress, RecogniseSecret, RecognisePerson};

constexpr uint8_t BitOf(Entity entity) {
  return static_cast<uint8_t>(1U << static_cast<uint32_t>(entity));
}

// First two bytes of all that RecogniseSecret knows.
constexpr std::array<std::string_view, 19> kSecretBeginnings = {
    "AK", "AS", "AI", "gh", "gi", "gl", "sk", "rk", "pk", "wh",
    "xo", "xa", "hf", "np", "gs", "do", "we", "ey", "--"};

// Whose values can begin with a byte.
constexpr std::array<uint8_t, 256> MakeFirstBytes() {
  std::array<uint8_t, 256> first{};
  const auto add = [&first](std::string_view bytes, std::initializer_list<Entity> entities) {
    for (const char c : bytes) {
      for (Entity each : entities) first[static_cast<unsigned char>(c)] |= BitOf(each);
    }
  };
  add("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", {Entity::kEmail, Entity::kIban});
  add("0123456789", {Entity::kEmail, Entity::kPhone, Entity::kUsSsn, Entity::kCreditCard});
  add("ABCDEFGHIJKLMNOPQRSTUVWXYZ", {Entity::kPerson});
  add("\xc3\xc4\xc5\xc6\xc7\xc8\xc9", {Entity::kEmail, Entity::kPerson});
  add("0123456789abcdefABCDEF", {Entity::kIpAddress});
  add("+(", {Entity::kPhone});
  for (std::string_view each : kSecretBeginnings) add(each.substr(0, 1), {Entity::kSecret});
  return first;
}
constexpr std::array<uint8_t, 256> kFirstBytes = MakeFirstBytes();

bool IsLatinAt(std::string_view text, size_t at) {
  return Reader::IsLatinLead(static_cast<unsigned char>(text[at]));
}

// A word goes on from one letter, digit or Latin letter to the next.
bool IsInsideWord(std::string_view text, size_t at) {
  if (at == 0 || !(text::IsAlnum(text[at]) || IsLatinAt(text, at))) return false;
  if (text::IsAlnum(text[at - 1])) return true;
  return at > 1 && IsLatinAt(text, at - 2) &&
         (static_cast<unsigned char>(text[at - 1]) & 0xc0) == 0x80;
}

// Tells from a few bytes that nothing begins at most places, for that is what most texts are made
// of. Where it does not know, it says so.
class Prefilter {
 public:
  Prefilter(std::string_view text, size_t from, bool is_whole)
      : text_(text), is_whole_(is_whole), free_of_at_(from) {}

  // Some of `asked`, bits of Entity.
  uint8_t Of(uint8_t asked, size_t at) {
    if ((asked & BitOf(Entity::kEmail)) != 0 && !MayBeEmail(at)) asked &= ~BitOf(Entity::kEmail);
    if ((asked & BitOf(Entity::kIban)) != 0 && !MayBeIban(at)) asked &= ~BitOf(Entity::kIban);
    if ((asked & BitOf(Entity::kIpAddress)) != 0 && !MayBeIp(at)) {
      asked &= ~BitOf(Entity::kIpAddress);
    }
    if ((asked & BitOf(Entity::kSecret)) != 0 && !MayBeSecret(at)) {
      asked &= ~BitOf(Entity::kSecret);
    }
    return asked;
  }

 private:
  // An '@' is not further away than the longest local part.
  static constexpr size_t kMostToAt = 66;

  bool MayBeEmail(size_t at) {
    if (at_sign_ < at) at_sign_ = std::string_view::npos;
    const size_t end = std::min(text_.size(), at + kMostToAt);
    if (at_sign_ == std::string_view::npos && free_of_at_ < end) {
      const size_t begin = std::max(free_of_at_, at);
      const size_t found = text_.substr(begin, end - begin).find('@');
      if (found != std::string_view::npos) at_sign_ = begin + found;
      free_of_at_ = found == std::string_view::npos ? end : begin + found + 1;
    }
    if (at_sign_ != std::string_view::npos && at_sign_ < at + kMostToAt) return true;
    return (!is_whole_ && at + kMostToAt > text_.size()) || MayBeSpelledOut(at);
  }

  // "ann at", "ann [at": behind the word there is what the sign can be written as.
  bool MayBeSpelledOut(size_t at) const {
    const size_t most = std::min(text_.size(), at + kMostToAt);
    while (at < most && IsLocalByte(text_[at])) ++at;
    const std::string_view rest = text_.substr(at, 3);
    if (rest.size() < 3) return true;
    if (rest[0] != ' ') return IsOpening(rest[0]);
    return IsOpening(rest[1]) || (text::ToLower(rest[1]) == 'a' && text::ToLower(rest[2]) == 't');
  }
  static bool IsLocalByte(char c) {
    return text::IsAlnum(c) || static_cast<unsigned char>(c) >= 0x80 ||
           std::string_view("._%+-'").find(c) != std::string_view::npos;
  }
  static bool IsOpening(char c) { return c == '[' || c == '(' || c == '{' || c == '<'; }

  bool MayBeIban(size_t at) const { return at + 2 >= text_.size() || text::IsDigit(text_[at + 2]); }

  // The first part of an IPv6 address has up to four digits.
  bool MayBeIp(size_t at) const {
    if (text::IsDigit(text_[at]) || at + 5 > text_.size()) return true;
    return text_.substr(at, 5).find(':') != std::string_view::npos;
  }

  bool MayBeSecret(size_t at) const {
    if (at + 2 > text_.size()) return true;
    return std::ranges::find(kSecretBeginnings, text_.substr(at, 2)) != kSecretBeginnings.end();
  }

  const std::string_view text_;
  const bool is_whole_;
  size_t at_sign_ = std::string_view::npos;  // The first one from where it was looked for.
  size_t free_of_at_;                        // Before it there is none but that.
};

struct Best {
  Match match;
  bool is_open = false;  // What is still to come may change it.

  void Consider(Kind kind, const Recognition& recognised, const Vocabulary& vocabulary) {
    if (recognised.length == 0 || recognised.length < match.length) return;
    const bool is_longer = recognised.length > match.length;
    if (!is_longer && vocabulary.RankOf(kind) <= vocabulary.RankOf(match.kind)) return;
    match.length = recognised.length;
    match.kind = kind;
    match.tail = recognised.tail;
  }
};

void AskRecognisers(std::string_view text, size_t at, bool is_whole, uint8_t asked,
                    const Vocabulary& vocabulary, Best& best) {
  const size_t context = at < kContext ? at : kContext;
  const std::string_view before = text.substr(at - context, context);
  for (size_t i = 0; i < kEntities; ++i) {
    if ((asked >> i & 1U) == 0) continue;
    Reader reader(text.substr(at), is_whole);
    const Recognition recognised = kRecognisers[i](reader, before);
    best.is_open = best.is_open || reader.is_starved();
    best.Consider(static_cast<Entity>(i), recognised, vocabulary);
  }
}

// Of each pattern: before which place none of its matches begins.
using NoneUntil = std::array<size_t, Vocabulary::kMostPatterns>;

void AskPatterns(std::string_view text, size_t at, bool is_whole, const Vocabulary& vocabulary,
                 NoneUntil& none_until, Best& best) {
  for (size_t i = 0; i < vocabulary.patterns.size(); ++i) {
    if (at < none_until[i]) continue;
    const CustomPattern::Found found = vocabulary.patterns[i].expression.At(text, at, is_whole);
    none_until[i] = found.none_until;
    best.is_open = best.is_open || found.is_open;
    best.Consider(Kind::OfPattern(i), {.length = found.length}, vocabulary);
  }
}

}  // namespace

Match FindNext(std::string_view text, size_t from, bool is_whole, const Vocabulary& vocabulary,
               const Reach& reach) {
  Prefilter prefilter(text, from, is_whole);
  NoneUntil none_until{};
  for (size_t at = from; at < text.size(); ++at) {
    uint8_t asked = kFirstBytes[static_cast<unsigned char>(text[at])] & vocabulary.entities.bits();
    if (asked != 0) asked = IsInsideWord(text, at) ? 0 : prefilter.Of(asked, at);
    Best best{.match = {.begin = at}};
    if (asked == 0 && vocabulary.patterns.empty()) continue;
    const std::string_view within = text.substr(0, reach.From(at, text));
    const bool ends = is_whole || within.size() < text.size();
    if (asked != 0) AskRecognisers(within, at, ends, asked, vocabulary, best);
    AskPatterns(within, at, ends, vocabulary, none_until, best);
    if (best.is_open) return {.begin = at};
    if (best.match.found()) return best.match;
  }
  return {.begin = text.size()};
}

}  // namespace weir::guardrails
