#include "services/identity/key.h"

#include <zlib.h>

#include <algorithm>

#include "common/text/ascii.h"
#include "common/text/excerpt.h"

namespace weir::identity {
namespace {

constexpr size_t kSecretLength = 43;
constexpr size_t kCheckLength = 6;
constexpr std::string_view kBase62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
// The longest name of an object; longer texts in the place of a name may be a secret.
constexpr size_t kLongestName = 63;

std::string CheckOf(std::string_view text) {
  uint32_t sum = static_cast<uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())));
  std::string check(kCheckLength, '0');
  for (size_t i = kCheckLength; i-- > 0; sum /= 62) check[i] = kBase62[sum % 62];
  return check;
}

bool IsBase62(std::string_view text) {
  return std::all_of(text.begin(), text.end(), text::IsAlnum);
}

bool IsPrintable(char c) { return c >= 0x20 && c < 0x7f; }

}  // namespace

std::string FormatKey(std::string_view prefix, std::string_view public_id,
                      std::string_view secret) {
  std::string text = fmt::format("{}{}_{}", prefix, public_id, secret);
  text += CheckOf(text);
  return text;
}

std::string NewKey(std::string_view prefix, Random& random) {
  const std::string public_id = RandomBase62(random, kPublicIdLength);
  return FormatKey(prefix, public_id, RandomBase62(random, kSecretLength));
}

std::optional<ParsedKey> ParseKey(std::string_view prefix, std::string_view text) {
  if (text.size() != kKeyLength || !text.starts_with(prefix)) return std::nullopt;
  const ParsedKey key = {.prefix = text.substr(0, prefix.size()),
                         .public_id = text.substr(prefix.size(), kPublicIdLength),
                         .secret = text.substr(prefix.size() + kPublicIdLength + 1, kSecretLength)};
  const std::string_view checked = text.substr(0, kKeyLength - kCheckLength);
  const bool well_formed = text[prefix.size() + kPublicIdLength] == '_' &&
                           IsBase62(key.public_id) && IsBase62(key.secret) &&
                           text.substr(checked.size()) == CheckOf(checked);
  if (!well_formed) return std::nullopt;
  return key;
}

absl::Status CheckKeyShape(std::string_view text, const SuppliedKeyRule& rule) {
  if (text.starts_with(kKeyPrefix)) {
    if (ParseKey(kKeyPrefix, text)) return absl::OkStatus();
    return status::InvalidArgument("got {} characters that begin with '{}' but are no key of weir",
                                   text.size(), kKeyPrefix);
  }
  if (text.size() < rule.min_length || text.size() > rule.max_length) {
    return status::InvalidArgument("got {} characters, want {} to {}", text.size(), rule.min_length,
                                   rule.max_length);
  }
  if (!std::all_of(text.begin(), text.end(), IsPrintable)) {
    return status::InvalidArgument("got other characters than printable ASCII");
  }
  return absl::OkStatus();
}

std::string NewSuppliedPublicId(Random& random) {
  return "x" + RandomBase62(random, kPublicIdLength - 1);
}

std::string Shown(std::string_view text) {
  if (text.size() > kLongestName || text.starts_with(kKeyPrefix) ||
      text.starts_with(kAdminTokenPrefix)) {
    return fmt::format("({} characters)", text.size());
  }
  return text::Excerpt(text);
}

}  // namespace weir::identity
