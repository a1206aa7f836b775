#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "edge/pipeline/guard.h"
#include "edge/pipeline/policy_view.h"

namespace weir::edge {

// The policies of guardrails that apply to a request, ready to be asked by. Immutable.
struct ChosenGuards {
  GuardPolicies requests;
  GuardPolicies answers;
  // Their names and what they say: where it is another, what was let pass is to be judged anew.
  std::string identity;
};

// Chooses them. Remembers what it made of a table, since many requests have the same. One for each
// loop, not thread-safe.
class GuardChoices {
 public:
  using Table = std::shared_ptr<const GuardPolicyView::Snapshot>;

  // Null: none applies. `table` is not null.
  std::shared_ptr<const ChosenGuards> Choose(const Table& table, const PolicySubjects& subjects);

  // Sets that it remembers at most, of the newest table.
  static constexpr size_t kMostSets = 1024;
  size_t sets() const { return sets_.size(); }

 private:
  Table table_;  // Whose entries the keys are.
  std::map<GuardPolicies::Entries, std::shared_ptr<const ChosenGuards>> sets_;
};

}  // namespace weir::edge
