#pragma once

#include <memory>
#include <string_view>

#include "edge/pipeline/guard.h"
#include "edge/pipeline/guard_choices.h"

namespace weir::edge {

// The guardrails of one call: which policies apply, and what they made of its request.
struct GuardUse {
  std::shared_ptr<const ChosenGuards> chosen;  // Null: none.
  // What became of the request; `edited` has been taken.
  Guarded request;
  // Some of the answer went on without a judgement.
  bool answer_unasked = false;
  // Why the answer may not go on to the client; OK: it may.
  absl::Status answer_refused;
  // For the log line: "edited", "blocked", "cut", "unasked". Empty: nothing.
  std::string_view outcome;

  bool judges_requests() const { return chosen != nullptr && !chosen->requests.empty(); }
  bool judges_answers() const { return chosen != nullptr && !chosen->answers.empty(); }
  // An answer of text cannot pass as it comes.
  bool touches_answers() const { return judges_answers() || !request.values.empty(); }
  // Nobody could be asked about some of it.
  bool is_degraded() const { return request.unasked || answer_unasked; }
};

// Policies of a choice, which they keep.
inline std::shared_ptr<const GuardPolicies> RequestPolicies(const GuardUse& use) {
  return {use.chosen, &use.chosen->requests};
}
inline std::shared_ptr<const GuardPolicies> AnswerPolicies(const GuardUse& use) {
  return {use.chosen, &use.chosen->answers};
}

}  // namespace weir::edge
