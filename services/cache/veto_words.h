#pragma once

#include <span>
#include <string_view>

// The words that the veto knows, English alone. Each entry of a table is a group of words that mean
// the same here, named by its first; underscores stand for spaces; endings do not matter. Where a
// word is in several tables, the first in this order has it.
namespace weir::cache::veto_words {

std::span<const std::string_view> Negations();    // One group.
std::span<const std::string_view> Bounds();       // Of numbers: "at least".
std::span<const std::string_view> Quantifiers();  // "all", "some".
std::span<const std::string_view> Units();
std::span<const std::string_view> Languages();  // Of people and programs, and formats of files.
std::span<const std::string_view> Sequences();  // "before", "during".
std::span<const std::string_view> Times();
std::span<const std::string_view> Degrees();   // Comparatives and superlatives.
std::span<const std::string_view> Synonyms();  // All other.

// "a/b": groups, by their first words, that are opposed.
std::span<const std::string_view> Opposites();

// Says nothing about the topic: one text with spaces between the words.
std::string_view Fillers();

}  // namespace weir::cache::veto_words
