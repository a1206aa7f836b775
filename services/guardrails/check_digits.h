#pragma once

#include <string_view>

namespace weir::guardrails {

// Luhn's formula (ISO/IEC 7812-1, annex B) over decimal digits.
bool PassesLuhn(std::string_view digits);

// ISO 7064 MOD 97-10 over digits and letters, which count as 10 to 35 in either case.
bool IsOneByMod97(std::string_view front, std::string_view back);

}  // namespace weir::guardrails
