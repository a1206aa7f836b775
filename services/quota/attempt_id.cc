#include "services/quota/attempt_id.h"

#include <fmt/format.h>

#include <string_view>

#include "common/text/hex.h"

namespace weir::quota {
namespace {

// The digit's value; -1 where it is none. Upper case has another text for the same id, so it is
// none.
int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::optional<AttemptId> ParseAttemptId(const common::v1::AttemptKey& key) {
  AttemptId id;
  const std::string& digits = key.request_id();
  if (digits.size() != 2 * id.request.size() || key.attempt() == 0) return std::nullopt;
  for (size_t i = 0; i < id.request.size(); ++i) {
    const int high = DigitOf(digits[2 * i]);
    const int low = DigitOf(digits[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.request[i] = static_cast<char>(high << 4 | low);
  }
  id.attempt = key.attempt();
  return id;
}

std::string AttemptText(const AttemptId& id) {
  return fmt::format("{}/{}", text::HexEncode(id.RequestBytes()), id.attempt);
}

}  // namespace weir::quota
