#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::cache {

// `word` without its ending, roughly: "queries" and "query" meet, so do "planned" and "plan". Takes
// lower case; words of up to three letters and those with more than letters stay as they are.
// idf.json is keyed by what this says.
std::string Stem(std::string_view word);

// The same, after a possessive 's is dropped.
std::string StemOfPossessive(std::string_view word);

// The words ("don't" is one) and numbers ("1,299.00" is one) of a text, in lower case. ASCII alone:
// all other bytes separate, but for the typographic apostrophe.
std::vector<std::string> FeatureWords(std::string_view text);

}  // namespace weir::cache
