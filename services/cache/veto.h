#pragma once

#include <string_view>

#include "services/cache/stem_weights.h"
#include "services/cache/wording.h"

namespace weir::cache {

// Why two questions may not share an answer, as the log has it; empty: nothing speaks against it.
// One of "veto_length", "veto_number", "veto_unit", "veto_identifier", "veto_entity",
// "veto_language", "veto_order", "veto_quantifier", "veto_time", "veto_question_word",
// "veto_comparative", "veto_negation", "veto_antonym", "veto_substitution".
using VetoReason = std::string_view;

struct VetoRules {
  // Refuses where, in otherwise like questions, each names a thing that the other does not
  // ("grapefruit", "leftover rice"). The tables know common synonyms; traffic that is full of
  // others loses hits by this rule, others lose wrong ones.
  bool substitution = true;
  // Words that are none of somebody's slips, not owned; null: slips are told in longer words alone.
  const StemWeights* vocabulary = nullptr;
};

// Decides by rules alone, before anything learned: knows English words, while numbers, names and
// identifiers are read in any language. Symmetric, but for which of two unknown words is taken for
// the misspelling of the other. A text of more than 8 KiB is compared by equality, which is not
// asked here: "veto_length".
//
// Linear in the texts, but for sorting and the words that only one side has: 16 of each at most are
// held against one another. Pure and thread-safe.
VetoReason Veto(const Wording& asked, const Wording& cached, const VetoRules& rules = {});

}  // namespace weir::cache
