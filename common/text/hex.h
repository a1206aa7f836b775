#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::text {

// Lower-case hexadecimal digits, two a byte.
std::string HexEncode(std::string_view bytes);

// Digits of either case; nothing for an odd count or any other character.
std::optional<std::string> HexDecode(std::string_view digits);

}  // namespace weir::text
