#include "services/guardrails/check_digits.h"

#include "common/text/ascii.h"

namespace weir::guardrails {
namespace {

int Mod97(int so_far, std::string_view text) {
  for (const char each : text) {
    if (text::IsDigit(each)) {
      so_far = (so_far * 10 + (each - '0')) % 97;
    } else {
      so_far = (so_far * 100 + (text::ToLower(each) - 'a' + 10)) % 97;
    }
  }
  return so_far;
}

}  // namespace

bool PassesLuhn(std::string_view digits) {
  int sum = 0;
  bool doubled = false;
  for (size_t i = digits.size(); i > 0; --i) {
    const int value = (digits[i - 1] - '0') * (doubled ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
    doubled = !doubled;
  }
  return sum % 10 == 0;
}

bool IsOneByMod97(std::string_view front, std::string_view back) {
  return Mod97(Mod97(0, front), back) == 1;
}

}  // namespace weir::guardrails
