#pragma once

#include <string>
#include <string_view>

// What splitting a text into words needs to know of characters, from utf8proc's tables. Pure
// functions; any code point up to U+10FFFF will do.
namespace weir::cache {

// Category C: control, format, private use. Not what is not assigned: that may be a letter or an
// emoji of a later Unicode.
bool IsControl(char32_t c);
// The property White_Space.
bool IsWhitespace(char32_t c);
// Category P, and the ASCII symbols that BERT takes for punctuation ($ + < = > ^ ` | ~).
bool IsPunctuation(char32_t c);
// The blocks that BERT writes spaces around: Chinese characters, which kanji and hanja are too;
// neither kana nor hangul.
bool IsCjkIdeograph(char32_t c);
// Category Mn: accents, once they are apart from their letters.
bool IsNonspacingMark(char32_t c);

// Normalisation form D of a text.
std::u32string Decomposed(const std::u32string& text);

// Lower case, character by character: no context, no language.
void AppendLowered(char32_t c, std::u32string& text);

void AppendUtf8(char32_t c, std::string& text);

// Of the tables: "15.0.0". With others a text may have other words.
std::string_view UnicodeVersion();

}  // namespace weir::cache
