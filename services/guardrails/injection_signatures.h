#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "services/guardrails/word_reading.h"

namespace weir::guardrails {

enum class InjectionFamily : uint8_t {
  kOverride,
  kPersona,
  kExtraction,
  kFormat,
  kToolOrder,
  kExfiltration,
  kEncoded,
  kHidden,
  kWording,
};
std::string_view NameOf(InjectionFamily family);

// Where a signature stands in words.
struct SignatureHit {
  size_t first = 0, last = 0;  // Words, both included.
  uint16_t signature = 0;      // Which one, so that it counts once.
  InjectionFamily family = InjectionFamily::kOverride;
  double weight = 0;  // 0 to 1: how much it says by itself.
};

// Every place where a signature's words follow each other within a sentence, at most 512.
std::vector<SignatureHit> FindSignatures(const std::vector<ReadWord>& words);

// Words that signatures are written with, beside the classes of injection_words.
std::vector<std::string_view> LiteralWordsOfSignatures();

}  // namespace weir::guardrails
