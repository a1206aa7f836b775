#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/api/quota.h"
#include "edge/caching/request_identity.h"
#include "edge/dialects/openai/request_body.h"
#include "edge/pipeline/answer_cache.h"
#include "edge/pipeline/attempt.h"
#include "edge/pipeline/call.h"
#include "edge/pipeline/guard.h"
#include "edge/pipeline/guard_choices.h"
#include "edge/pipeline/policy_view.h"

namespace weir::edge {

// The gate between a request and its dispatch: one phase that asks, in parallel, all that must be
// known first: may it leave (guardrails), may they spend it (quota), has it been answered (cache).
// Guardrails and cache are asked where a policy of theirs applies. What their answers mean
// together is decided here, the same in every topology:
//
// 1. A rule that refuses wins; the request counts, its tokens do not.
// 2. A limit that is used up wins over an answer of before. One whose rest is too small for a new
//    answer does not.
// 3. An answer of before is for the request as it would have left: a changed one is looked up
//    again.
class Gate {
 public:
  struct Deps {
    asio::io_context& loop;  // All must outlive the gate.
    api::Quota& quota;
    Settlements& settlements;
    const Clock& clock;
    // Null: there are none, as for the next.
    Guard* guard = nullptr;
    const GuardPolicyView* guard_policies = nullptr;
    AnswerCache* cache = nullptr;
    const CachePolicyView* cache_policies = nullptr;
    std::string edge_id;  // Whose heartbeats keep the holds.
  };
  explicit Gate(Deps deps) : deps_(std::move(deps)) {}

  // What a call that may go on goes on with.
  struct Admission {
    Attempt::Hold hold;  // For the first attempt of the call's plan.
    // An answer of before; it is to be settled and served instead of an attempt.
    std::optional<cache::v1::LookupResponse> hit;
    // With a hit: whether the hold does for an attempt, too. Else it is the limit's refusal, to be
    // told where the hit turns out to be none.
    absl::Status may_attempt;
  };
  // Asks for `call`, whose plan is made. Sets its limit headers and what it knows of guardrails and
  // cache; its body is what may leave. Errors are api::Quota::Reserve's and
  // Guard::JudgeRequest's; whatever was held has ended then. kResourceExhausted: a limit refused;
  // kPermissionDenied: a rule did.
  asio::awaitable<absl::StatusOr<Admission>> Ask(CallPtr call);

  // The hold for attempt `index` of the plan, from 0: its target's limits and the caller's tokens.
  // `requests` is 1 where no earlier attempt was dispatched, else 0.
  asio::awaitable<absl::StatusOr<Attempt::Hold>> AskAgain(CallPtr call, int index,
                                                          int64_t requests);

 private:
  enum class Question : uint8_t { kMayItLeave, kMayTheySpend, kWasItAnswered };
  struct Phase;

  // Which policies apply. kUnavailable: that is not known yet.
  absl::Status FindPolicies(Call& call);
  void FindCachePolicy(Call& call, const PolicySubjects& subjects) const;
  void Identify(Call& call);
  // Where nothing but quota has a say.
  asio::awaitable<absl::StatusOr<Admission>> AskQuota(CallPtr call);
  asio::awaitable<absl::StatusOr<Admission>> AskAll(CallPtr call);
  asio::awaitable<absl::StatusOr<Admission>> Refuse(absl::Status why);
  asio::awaitable<void> AskEach(std::shared_ptr<Phase> phase);
  asio::awaitable<void> AskOne(std::shared_ptr<Phase> phase, Question question);
  // What the guardrails said, and what follows for the cache. An error: the request does not go.
  asio::awaitable<absl::Status> TakeJudgement(std::shared_ptr<Phase> phase);
  asio::awaitable<absl::StatusOr<Attempt::Hold>> Reserve(CallPtr call, int index,
                                                         quota::v1::Estimate estimate);
  // The request as it may leave, in place of what came.
  absl::Status TakeEdits(Call& call);
  asio::awaitable<std::optional<cache::v1::LookupResponse>> LookUp(CallPtr call, bool exact_only);
  // Of a request that does not go on.
  void EndHold(Phase& phase, const absl::Status& why);
  void Release(const CallPtr& call, Attempt::Hold hold);

  const Deps deps_;
  openai::RequestReader reader_;
  IdentityReader identities_;
  GuardChoices guard_choices_;
};

}  // namespace weir::edge
