#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Text by its ASCII bytes: no locale, bytes from 0x80 up are left alone. Pure functions; views
// point into the argument.
namespace weir::text {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsAlnum(char c) { return IsDigit(c) || IsLower(c) || IsUpper(c); }
// Space, tab, line feed, vertical tab, form feed, carriage return.
constexpr bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr char ToLower(char c) { return IsUpper(c) ? static_cast<char>(c | 0x20) : c; }
constexpr char ToUpper(char c) { return IsLower(c) ? static_cast<char>(c & ~0x20) : c; }
std::string ToLower(std::string_view text);
std::string ToUpper(std::string_view text);

bool EqualsIgnoreCase(std::string_view a, std::string_view b);
bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix);
bool EndsWithIgnoreCase(std::string_view text, std::string_view suffix);

// Without white space at both ends.
std::string_view Trim(std::string_view text);

// The parts between separators, empty ones too: "a,,b" has three, "" has one. Nothing is trimmed.
std::vector<std::string_view> Split(std::string_view text, char separator);

// Before and after the first separator; nothing where there is none.
std::optional<std::pair<std::string_view, std::string_view>> SplitOnce(std::string_view text,
                                                                       char separator);

// Orders names that differ in case alone as equal: for std::map with std::string_view look-ups.
struct LessIgnoreCase {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};

}  // namespace weir::text
