#include "services/guardrails/replacements.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "common/text/ascii.h"
#include "common/text/hex.h"
#include "services/guardrails/normalised_text.h"

namespace weir::guardrails {
namespace {

constexpr size_t kHashDigits = 12;
constexpr size_t kShown = 4;

std::string Redacted(std::string_view type) { return fmt::format("[{}]", type); }

// "a***n@example.com": whose domain it is says nothing of who it is.
std::string PartOfEmail(std::string_view value) {
  const size_t at = value.find('@');
  if (at == std::string_view::npos || at == 0) return "***";
  // A letter of several bytes is not cut.
  const auto ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  const std::string_view first = ascii(value[0]) ? value.substr(0, 1) : "";
  const std::string_view last = at > 1 && ascii(value[at - 1]) ? value.substr(at - 1, 1) : "";
  return fmt::format("{}***{}{}", first, last, value.substr(at));
}

// "**** **** **** 1111"
std::string PartOfNumber(std::string_view value) {
  std::string part(value);
  size_t left = static_cast<size_t>(std::ranges::count_if(part, text::IsAlnum));
  for (char& each : part) {
    if (!text::IsAlnum(each)) continue;
    if (left-- > kShown) each = '*';
  }
  return part;
}

// The last four letters and digits. Of a short value fewer: never more than half of it.
std::string EndOf(std::string_view value) {
  std::string characters;
  std::ranges::copy_if(value, std::back_inserter(characters), text::IsAlnum);
  return characters.substr(characters.size() - std::min(kShown, characters.size() / 2));
}

std::string Filled(std::string_view replacement, std::string_view value) {
  constexpr std::string_view kEnd = "{last4}";
  std::string filled;
  for (;;) {
    const size_t at = replacement.find(kEnd);
    filled.append(replacement.substr(0, at));
    if (at == std::string_view::npos) return filled;
    filled.append(EndOf(value));
    replacement.remove_prefix(at + kEnd.size());
  }
}

// The end of a key is as secret as its beginning, the end of an address or of a name tells it; of
// what others look for nobody knows.
bool HasPart(Kind kind) {
  return !kind.is_pattern() && kind != Entity::kSecret && kind != Entity::kIpAddress &&
         kind != Entity::kPerson;
}

}  // namespace

bool Replaces(Action action) {
  return action != Action::kAllow && action != Action::kFlag && action != Action::kBlock;
}

std::string Replacements::Placeholder(std::string_view type, std::string_view value) {
  if (numbering_ == Numbering::kByValue || key_ == nullptr) return numbers_.For(type, value);
  return numbers_.For(type, crypto::ToBytes((*key_)(value)).substr(0, kDigestBytes));
}

Replacement Replacements::For(Kind kind, std::string_view value, const Treatment& treatment) {
  const Action action = treatment.action;
  const std::string_view type = vocabulary_.PlaceholderTypeOf(kind);
  // What is disguised is shown and told apart as it reads.
  const NormalisedText normalised(value);
  const std::string_view read = normalised.text();
  if (!treatment.replacement.empty()) return {.text = Filled(treatment.replacement, read)};
  if (action == Action::kPartial && HasPart(kind)) {
    return {.text = kind == Entity::kEmail ? PartOfEmail(read) : PartOfNumber(read)};
  }
  if (action == Action::kHash && key_ != nullptr) {
    const std::string digest = text::HexEncode(crypto::ToBytes((*key_)(read)));
    return {.text = fmt::format("[{}:{}]", type, digest.substr(0, kHashDigits))};
  }
  if (action == Action::kMask || action == Action::kTokenize) {
    std::string placeholder = Placeholder(type, value);
    if (!placeholder.empty()) return {std::move(placeholder), action == Action::kTokenize};
  }
  return {.text = Redacted(type)};
}

}  // namespace weir::guardrails
