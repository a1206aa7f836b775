#pragma once

#include <string>
#include <string_view>

#include "services/guardrails/delta_state.h"
#include "services/guardrails/finding_list.h"
#include "services/guardrails/part_rules.h"

namespace weir::guardrails {

// What rules that have to see more than a value find in a stream: each piece is looked at together
// with what came last. None of a phrase that blocks is released; what an injection is part of may
// be, up to kInjectionStride bytes before it is judged. For one piece.
class DeltaTexts {
 public:
  static constexpr size_t kInjectionStride = 256;

  // Goes on from `state`; all outlive it.
  DeltaTexts(const PartRules& rules, Provenance who, FindingList& found, DeltaState& state)
      : rules_(rules), who_(who), found_(found), state_(state) {}

  // What goes on to the other rules: `piece` behind what was held back, without what could still
  // become a phrase that blocks. `state`'s tail is up to date then. Views are good as long as this.
  std::string_view Feed(std::string_view piece, bool is_last);

  bool blocked() const { return blocked_; }

 private:
  void FindPhrases(const RuleOf& rule, size_t old, bool is_last);
  void FindInjection(size_t fresh_bytes, bool is_last);
  bool looks() const { return !rules_.deny_lists().empty() || !rules_.injections().empty(); }
  size_t OpenBytes(size_t most) const;
  void KeepTail(size_t held);

  const PartRules& rules_;
  const Provenance who_;
  FindingList& found_;
  DeltaState& state_;
  std::string window_;
  bool blocked_ = false;
};

}  // namespace weir::guardrails
