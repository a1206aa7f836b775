#include "services/guardrails/delta_texts.h"

#include <algorithm>

namespace weir::guardrails {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

std::string_view DeltaTexts::Feed(std::string_view piece, bool is_last) {
  const size_t old = state_.tail.size();
  const size_t fresh = old - state_.held;
  if (!looks() && old == 0) return piece;
  window_ = std::move(state_.tail);
  window_.append(piece);
  for (const RuleOf& each : rules_.deny_lists()) FindPhrases(each, old, is_last);
  FindInjection(piece.size(), is_last);
  const size_t held = is_last ? 0 : OpenBytes(window_.size() - fresh);
  KeepTail(held);
  return std::string_view(window_).substr(fresh, window_.size() - held - fresh);
}

// What ended within the old text was found then; but what ended with it was decided only where it
// cannot go on.
void DeltaTexts::FindPhrases(const RuleOf& rule, size_t old, bool is_last) {
  const bool is_decided_at_end = rule.rule->phrase_parts || is_last;
  const size_t first_end = rule.rule->phrase_parts ? old + 1 : std::max<size_t>(old, 1);
  for (const DenyList::Found& each : rule.rule->phrases->Find(window_)) {
    const size_t end = each.offset + each.length;
    if (end < first_end || (end == window_.size() && !is_decided_at_end)) continue;
    found_.AddPhrase(rule, {});
    blocked_ = blocked_ || rule.blocks();
  }
}

// The windows overlap by what is kept: more than the words that are judged together.
void DeltaTexts::FindInjection(size_t fresh_bytes, bool is_last) {
  if (rules_.injections().empty() || state_.injection_told) return;
  state_.unread = std::min(state_.unread + fresh_bytes, DeltaState::kMostTail);
  if (state_.unread < kInjectionStride && !is_last) return;
  state_.unread = 0;
  const InjectionVerdict verdict = JudgeInjection(window_, who_);
  for (const RuleOf& each : rules_.injections()) {
    if (verdict.score < each.rule->injection_from) continue;
    found_.AddInjection(each, {});
    state_.injection_told = true;
    blocked_ = blocked_ || each.blocks();
  }
}

size_t DeltaTexts::OpenBytes(size_t most) const {
  size_t open = 0;
  for (const RuleOf& each : rules_.deny_lists()) {
    if (!each.blocks()) continue;
    const size_t its = each.rule->phrases->Open(window_);
    // A longer one has too many blanks in it: who waits for its end may wait for ever.
    if (its <= DeltaState::kMostTail) open = std::max(open, its);
  }
  return std::min(open, most);
}

void DeltaTexts::KeepTail(size_t held) {
  size_t begin = window_.size() - std::min(window_.size(), DeltaState::kMostTail);
  while (begin < window_.size() && IsContinuation(window_[begin])) ++begin;
  state_.tail = window_.substr(looks() ? begin : window_.size() - held);
  state_.held = held;
}

}  // namespace weir::guardrails
