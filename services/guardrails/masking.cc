#include "services/guardrails/masking.h"

#include "services/guardrails/value_spans.h"

namespace weir::guardrails {
Judged JudgeText(std::string_view text, const Vocabulary& vocabulary, const Treatments& treatments,
                 Replacements& replacements) {
  Judged judged;
  for (const ValueSpan& each : SpansOf(text, vocabulary)) {
    const Treatment& treatment = treatments[each.kind.index()];
    if (treatment.action == Action::kAllow) continue;
    judged.found.push_back({each.kind, treatment.action, treatment.shadow});
    if (treatment.shadow) continue;
    judged.blocked = judged.blocked || treatment.action == Action::kBlock;
    if (!Replaces(treatment.action)) continue;
    const std::string_view value = text.substr(each.offset, each.length);
    judged.edits.push_back(
        {each.offset, each.length, replacements.For(each.kind, value, treatment)});
  }
  return judged;
}

std::string Apply(std::string_view text, const std::vector<TextEdit>& edits) {
  std::string edited;
  size_t at = 0;
  for (const TextEdit& each : edits) {
    edited.append(text.substr(at, each.offset - at)).append(each.replacement.text);
    at = each.offset + each.length;
  }
  return edited.append(text.substr(at));
}

}  // namespace weir::guardrails
