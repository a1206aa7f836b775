#pragma once

#include <string>

// What guardrails need to know of characters, from utf8proc's tables. Pure functions; any code
// point up to U+10FFFF will do.
namespace weir::guardrails {

// Simple lower case.
char32_t Lowered(char32_t c);
// The lower-case letter of ASCII that a Latin letter is without its marks; 0: it is none of these.
char BaseLetter(char32_t c);
// A letter, a mark or a digit.
bool IsWordCharacter(char32_t c);
// Of a script that is written without blanks between words: Han, kana, Thai, Lao, Khmer, Burmese.
bool IsWrittenWithoutBlanks(char32_t c);
// The property White_Space.
bool IsBlank(char32_t c);

// Default_Ignorable_Code_Point: joiners, direction marks, variation selectors, tags.
bool IsInvisible(char32_t c);
// Category Mn.
bool IsMark(char32_t c);

// The character of ASCII that another one stands for; 0: none. Compatibility forms (fullwidth,
// mathematical, circled), decimal digits of any script, blanks and dashes. Not raised nor lowered
// ones: "10\u00b2" is not 102.
char ReadAsAscii(char32_t c);
// The Latin letter that a Cyrillic or Greek one is drawn as; 0: it is drawn as none.
char LatinLookAlike(char32_t c);

void AppendUtf8(char32_t c, std::string& text);

}  // namespace weir::guardrails
