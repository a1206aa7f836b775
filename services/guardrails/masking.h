#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "services/guardrails/replacements.h"

namespace weir::guardrails {

// A span of a text, and what goes in its place.
struct TextEdit {
  size_t offset = 0;  // Bytes.
  size_t length = 0;
  Replacement replacement;
};

// A value that something is done about. Never the value.
struct ValueFound {
  Kind kind = Entity::kEmail;
  Action action = Action::kAllow;
  bool shadow = false;
};

struct Judged {
  std::vector<TextEdit> edits;  // In their order; they do not overlap.
  std::vector<ValueFound> found;
  bool blocked = false;
};

// Judges one whole text by what is to be done about each kind of `vocabulary`. Linear in the text.
Judged JudgeText(std::string_view text, const Vocabulary& vocabulary, const Treatments& treatments,
                 Replacements& replacements);

// The text with its edits.
std::string Apply(std::string_view text, const std::vector<TextEdit>& edits);

}  // namespace weir::guardrails
