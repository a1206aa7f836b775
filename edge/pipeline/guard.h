#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/guardrails.h"
#include "common/json/json_path.h"
#include "common/text/placeholder.h"
#include "edge/dialects/texts/json_texts.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::edge {

// The policies that judge one direction of a call. Owns what it says.
struct GuardPolicies {
  using Entries = std::vector<const guardrails::v1::PolicyEntry*>;
  // Of `entries`, all of one organisation and in order, those with rules for that direction.
  static GuardPolicies ForRequests(const Entries& entries);
  static GuardPolicies ForAnswers(const Entries& entries);

  // Nobody needs to be asked.
  bool empty() const { return names.empty(); }

  std::string organization;
  std::vector<std::string> names;
  // What of requests is looked at. None: everything.
  std::vector<json::JsonPath> paths;
  // All of them let go what nobody can be asked about.
  bool fail_open = false;
};

// The highest number of a placeholder of each type.
using PlaceholderCounts = std::map<std::string, uint32_t>;

// What became of a body that may go.
struct Guarded {
  std::optional<std::string> edited;  // None: it goes as it came.
  // Of a request: what is put back into the answer, and the numbers that an answer's new
  // placeholders begin above. Has values: not for logs.
  text::PlaceholderMap values;
  PlaceholderCounts numbers_taken;
  bool never_cache = false;
  bool unasked = false;  // Nobody could be asked.
  std::vector<guardrails::v1::Finding> findings;
  uint64_t policy_version = 0;
};

// What the guardrails are asked about `parts`, indices of `texts`; the direction is to be set.
guardrails::v1::InspectRequest Question(const GuardPolicies& policies,
                                        const texts::JsonTexts& texts,
                                        const std::vector<size_t>& parts);

// A refusal by a rule: kPermissionDenied with a PolicyDenial. The rule is that of the first finding
// that is no shadow's. `what`: "request", "answer".
absl::Status Blocked(const google::protobuf::RepeatedPtrField<guardrails::v1::Finding>& findings,
                     std::string_view what);

// kUnavailable: the guardrails cannot be asked.
absl::Status GuardrailsAway();

// Has whole requests and answers judged, each by one call. One for each loop or for all: it has no
// state of its own.
class Guard {
 public:
  struct Deps {
    api::Guardrails& service;  // Outlives it.
  };
  explicit Guard(Deps deps) : deps_(deps) {}

  // `body` is JSON, and outlives the call. kPermissionDenied: blocked, with a PolicyDenial.
  // kUnavailable: nobody could be asked and a policy wants that it does not go then.
  // kInvalidArgument: it has more text than can be judged, or is no JSON.
  asio::awaitable<absl::StatusOr<Guarded>> JudgeRequest(
      api::CallContext context, std::shared_ptr<const GuardPolicies> policies,
      std::string_view body);
  // The same; kDataLoss for kInvalidArgument. Log probabilities do not stay in it.
  asio::awaitable<absl::StatusOr<Guarded>> JudgeAnswer(
      api::CallContext context, std::shared_ptr<const GuardPolicies> policies,
      std::string_view body, PlaceholderCounts numbers_taken);

 private:
  Deps deps_;
};

// `body`, an answer, with the values of `values` put back; kDataLoss: it is no JSON.
absl::StatusOr<std::string> RestoreAnswer(std::string_view body,
                                          const text::PlaceholderMap& values);

}  // namespace weir::edge
