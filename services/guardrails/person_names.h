#pragma once

#include <cstdint>
#include <string_view>

namespace weir::guardrails {

// Lists, separated by single blanks: lower case, without marks.
extern const std::string_view kFirstNames;
extern const std::string_view kLastNames;
// Of both kinds those that are words, places or months, too.
extern const std::string_view kDoubtfulFirstNames;
extern const std::string_view kDoubtfulLastNames;

// What a word is known for. kDoubtful: also as something else.
enum class NameRank : uint8_t { kNone, kDoubtful, kKnown };

// `folded` is lower case, without marks.
NameRank FirstNameRank(std::string_view folded);
NameRank LastNameRank(std::string_view folded);

}  // namespace weir::guardrails
