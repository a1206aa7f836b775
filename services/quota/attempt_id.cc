#include "services/quota/attempt_id.h"

#include <fmt/format.h>

#include <string_view>

#include "common/text/hex.h"

namespace weir::quota {
namespace {

constexpr uint8_t kNoDigit = 0xff;

// Upper case would be another text for the same id, so it is no digit here.
constexpr std::array<uint8_t, 256> kDigits = [] {
  std::array<uint8_t, 256> digits;
  digits.fill(kNoDigit);
  for (int i = 0; i < 16; ++i) digits["0123456789abcdef"[i]] = static_cast<uint8_t>(i);
  return digits;
}();

uint8_t DigitOf(char c) { return kDigits[static_cast<uint8_t>(c)]; }

}  // namespace

std::optional<AttemptId> ParseAttemptId(const common::v1::AttemptKey& key) {
  AttemptId id;
  const std::string& digits = key.request_id();
  if (digits.size() != 2 * id.request.size() || key.attempt() == 0) return std::nullopt;
  uint8_t bad = 0;
  for (size_t i = 0; i < id.request.size(); ++i) {
    const uint8_t high = DigitOf(digits[2 * i]);
    const uint8_t low = DigitOf(digits[2 * i + 1]);
    bad |= high | low;
    id.request[i] = static_cast<char>(high << 4 | low);
  }
  if (bad > 15) return std::nullopt;
  id.attempt = key.attempt();
  return id;
}

std::string AttemptText(const AttemptId& id) {
  return fmt::format("{}/{}", text::HexEncode(id.RequestBytes()), id.attempt);
}

}  // namespace weir::quota
