#pragma once

#include <string_view>

// What the objects of identity may be called. Pure functions.
namespace weir::identity {

inline constexpr std::string_view kOrganizationNameForm =
    "1 to 63 of [a-z0-9-], starting with a letter";
inline constexpr std::string_view kTeamNameForm = "1 to 63 of [a-z0-9-]";
inline constexpr std::string_view kUserNameForm = "1 to 63 of [a-z0-9._@-]";
inline constexpr std::string_view kKeyNameForm =
    "3 to 63 bytes without control characters, not beginning with 'wr_' or 'wa_'";

bool IsOrganizationName(std::string_view text);
bool IsTeamName(std::string_view text);
bool IsUserName(std::string_view text);
// Also of admin tokens. Nothing that looks like a secret: names are shown and logged.
bool IsKeyName(std::string_view text);

// At most `max_bytes`, no control characters: fit to be shown to people.
bool IsPlainText(std::string_view text, size_t max_bytes);

}  // namespace weir::identity
