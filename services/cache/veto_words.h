#pragma once

#include <string_view>

// The words that the veto knows, English alone. A table is a text of groups with commas between
// them. The words of a group mean the same here, and the first names it; underscores stand for
// spaces; endings do not matter ("turning_off" is found by turn_off). Where a word is in several
// tables, the first in this order has it.
namespace weir::cache::veto_words {

std::string_view Negations();  // One group.
std::string_view Bounds();     // Of numbers; what ends in _number is one before a number alone.
std::string_view Quantifiers();
std::string_view Units();
std::string_view Languages();  // Of people and of programs, and formats of files.
std::string_view Sequences();  // "before", "during".
std::string_view Times();
std::string_view Degrees();   // Comparatives and superlatives.
std::string_view Synonyms();  // All other.

// Says nothing about the topic: words without groups.
std::string_view Fillers();

// "a/b": groups, by their first words, that are opposed; spaces between them.
std::string_view Opposites();

}  // namespace weir::cache::veto_words
