#pragma once

#include <optional>
#include <string>
#include <string_view>

// RFC 4648 base64. Decoding is strict, so that one value has one form: nothing for white space, for
// a foreign character, for padding that is missing or too much, and for set bits after the last
// byte.
namespace weir::text {

// The standard alphabet (+ and /), padded.
std::string Base64Encode(std::string_view bytes);
std::optional<std::string> Base64Decode(std::string_view text);

// The URL alphabet (- and _), without padding, as JWTs use it.
std::string Base64UrlEncode(std::string_view bytes);
std::optional<std::string> Base64UrlDecode(std::string_view text);

}  // namespace weir::text
