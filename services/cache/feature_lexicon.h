#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

// The word lists that the features of a pair are made of. The trees of the verifier were trained on
// exactly these: whoever changes a list trains anew. What the veto knows is in veto_lexicon.h.
//
// All take words in lower case.
namespace weir::cache::features {

// Says nothing about the topic: "the", "please", "show".
bool IsStopWord(std::string_view word);

// "not", "without", and every word that ends in n't.
bool IsNegation(std::string_view word);

// 1 what and which, 2 who, 3 when, 4 where, 5 why, 6 how; 0: no question word.
int QuestionClass(std::string_view word);

// "12" for "twelve"; empty: not the word for a number.
std::string_view NumberOf(std::string_view word);

bool IsUnit(std::string_view word);

// Words that have an opposite are numbered; nothing for all others.
using OppositeId = uint16_t;
std::optional<OppositeId> FindOpposite(std::string_view word);

// What is opposed to it, ascending.
std::span<const OppositeId> OppositesOf(OppositeId id);

}  // namespace weir::cache::features
