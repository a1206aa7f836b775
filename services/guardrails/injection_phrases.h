#pragma once

#include <string_view>
#include <vector>

#include "services/guardrails/injection_signatures.h"

namespace weir::guardrails {

// What is told by its bytes and not by its words: marks that separate roles in prompts, addresses
// that take data along, and orders in scripts that are not Latin.
struct PhraseHit {
  size_t offset = 0, length = 0;  // Bytes.
  uint16_t signature = 0;         // Other numbers than those of SignatureHit.
  InjectionFamily family = InjectionFamily::kFormat;
  double weight = 0;
};
// `read` as NormalisedText has it. Linear; at most 256.
std::vector<PhraseHit> FindPhrases(std::string_view read);

}  // namespace weir::guardrails
