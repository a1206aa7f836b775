#include "edge/pipeline/guard.h"

#include <algorithm>
#include <utility>

#include "common/status/detail.h"
#include "edge/dialects/texts/text_edits.h"

namespace weir::edge {
namespace {

using guardrails::v1::Finding;
using guardrails::v1::InspectRequest;
using guardrails::v1::InspectResponse;
using guardrails::v1::PolicyEntry;

using HasRules = bool (*)(const PolicyEntry& entry);

GuardPolicies Those(const GuardPolicies::Entries& entries, HasRules has_rules) {
  GuardPolicies those{.fail_open = true};
  for (const PolicyEntry* each : entries) {
    if (!has_rules(*each)) continue;
    those.organization = each->organization();
    those.names.push_back(each->name());
    those.fail_open = those.fail_open && each->fail_open();
  }
  return those;
}

// Appends the paths of `entry`; false: it looks at everything, also where a path is none that is
// known here.
bool AddPaths(const PolicyEntry& entry, std::vector<json::JsonPath>& paths) {
  for (const std::string& each : entry.json_paths()) {
    auto compiled = json::JsonPath::Compile(each);
    if (!compiled.ok()) return false;
    paths.push_back(*std::move(compiled));
  }
  return !entry.json_paths().empty();
}

// Which texts are sent: indices, in order.
std::vector<size_t> InScope(const texts::JsonTexts& texts,
                            const std::vector<json::JsonPath>& paths) {
  std::vector<size_t> chosen;
  std::vector<std::string_view> places;
  if (!paths.empty()) {
    places.reserve(texts.texts.size());
    for (const texts::JsonText& each : texts.texts) places.emplace_back(each.path);
  }
  const json::TextPaths selection(std::move(places));
  for (size_t i = 0; i < texts.texts.size(); ++i) {
    const bool needed =
        paths.empty() || std::any_of(paths.begin(), paths.end(), [&](const json::JsonPath& each) {
          return selection.IsNeeded(each, i);
        });
    if (needed) chosen.push_back(i);
  }
  return chosen;
}

// What is judged, and what came out.
struct Body {
  std::string_view bytes;
  texts::JsonTexts texts;
  std::vector<size_t> parts;
  bool is_answer = false;
};

absl::StatusOr<Guarded> Apply(const Body& body, InspectResponse& answer) {
  Guarded guarded{.never_cache = answer.never_cache(),
                  .findings = {answer.findings().begin(), answer.findings().end()},
                  .policy_version = answer.policy_version()};
  const bool changes = !answer.edits().empty() || (body.is_answer && !body.texts.logprobs.empty());
  if (!changes) return guarded;
  WEIR_ASSIGN_OR_RETURN(
      texts::EditedBody edited,
      texts::ApplyEdits(body.bytes, body.texts, body.parts, answer.edits(), body.is_answer));
  guarded.edited = std::move(edited.bytes);
  guarded.values = std::move(edited.values);
  guarded.numbers_taken = texts::NumbersTaken(answer.edits());
  return guarded;
}

absl::StatusOr<Guarded> Judge(const Body& body, absl::StatusOr<InspectResponse> answer) {
  WEIR_RETURN_IF_ERROR(answer.status());
  switch (answer->verdict()) {
    case guardrails::v1::VERDICT_BLOCK:
      return Blocked(answer->findings(), body.is_answer ? "answer" : "request");
    case guardrails::v1::VERDICT_ALLOW:
    case guardrails::v1::VERDICT_EDIT:
      return Apply(body, *answer);
    default:
      return status::Internal("the guardrails answered without a verdict");
  }
}

// What nobody could be asked about, as far as it may go.
Guarded Unasked(const Body& body) {
  Guarded guarded{.unasked = true};
  if (body.is_answer && !body.texts.logprobs.empty()) {
    guarded.edited = texts::Splice(body.bytes, body.texts, {}, true);
  }
  return guarded;
}

absl::StatusOr<Guarded> Settled(const Body& body, bool fail_open, absl::StatusOr<Guarded> judged) {
  if (judged.ok() || judged.status().code() == absl::StatusCode::kPermissionDenied) return judged;
  if (fail_open) return Unasked(body);
  return GuardrailsAway();
}

}  // namespace

GuardPolicies GuardPolicies::ForRequests(const Entries& entries) {
  GuardPolicies those = Those(entries, [](const PolicyEntry& each) { return each.requests(); });
  for (const PolicyEntry* each : entries) {
    if (!each->requests() || AddPaths(*each, those.paths)) continue;
    those.paths.clear();
    break;
  }
  return those;
}

GuardPolicies GuardPolicies::ForAnswers(const Entries& entries) {
  return Those(entries, [](const PolicyEntry& each) { return each.responses(); });
}

absl::Status Blocked(const google::protobuf::RepeatedPtrField<Finding>& findings,
                     std::string_view what) {
  common::v1::PolicyDenial denial;
  const auto is_rule = [](const Finding& each) {
    return !each.shadow() && each.action() == "block";
  };
  auto rule = std::find_if(findings.begin(), findings.end(), is_rule);
  if (rule == findings.end()) {
    rule = std::find_if(findings.begin(), findings.end(),
                        [](const Finding& each) { return !each.shadow(); });
  }
  if (rule != findings.end()) {
    denial.set_policy(rule->policy());
    denial.set_rule(rule->rule());
  }
  return status::WithDetail(
      status::PermissionDenied("policy \"{}\" does not let this {} pass, by its rule \"{}\"",
                               denial.policy(), what, denial.rule()),
      denial);
}

absl::Status GuardrailsAway() {
  return status::Unavailable("the guardrails cannot be asked right now");
}

InspectRequest Question(const GuardPolicies& policies, const texts::JsonTexts& texts,
                        const std::vector<size_t>& parts) {
  InspectRequest question;
  question.set_organization(policies.organization);
  for (const std::string& each : policies.names) question.add_policies(each);
  for (const size_t each : parts) {
    guardrails::v1::Part& part = *question.add_parts();
    part.set_path(texts.texts[each].path);
    part.set_text(texts.texts[each].text);
    part.set_role(std::string(texts.texts[each].role));
  }
  return question;
}

asio::awaitable<absl::StatusOr<Guarded>> Guard::JudgeRequest(
    api::CallContext context, std::shared_ptr<const GuardPolicies> policies,
    std::string_view body) {
  if (policies->empty()) co_return Guarded{};
  auto texts = texts::ReadRequestTexts(body);
  if (!texts.ok()) {
    co_return status::InvalidArgument("a request that can be judged: {}",
                                      status::Message(texts.status()));
  }
  Body judged{.bytes = body, .texts = *std::move(texts)};
  judged.parts = InScope(judged.texts, policies->paths);
  if (judged.parts.empty()) co_return Guarded{};
  InspectRequest question = Question(*policies, judged.texts, judged.parts);
  question.set_direction(guardrails::v1::DIRECTION_REQUEST);
  auto answer = co_await deps_.service.Inspect(context, std::move(question));
  co_return Settled(judged, policies->fail_open, Judge(judged, std::move(answer)));
}

asio::awaitable<absl::StatusOr<Guarded>> Guard::JudgeAnswer(
    api::CallContext context, std::shared_ptr<const GuardPolicies> policies, std::string_view body,
    PlaceholderCounts numbers_taken) {
  if (policies->empty()) co_return Guarded{};
  auto texts = texts::ReadAnswerTexts(body);
  if (!texts.ok()) {
    co_return status::DataLoss("an answer that can be judged: {}", status::Message(texts.status()));
  }
  Body judged{.bytes = body, .texts = *std::move(texts), .is_answer = true};
  judged.parts = InScope(judged.texts, {});
  InspectResponse nothing;
  nothing.set_verdict(guardrails::v1::VERDICT_ALLOW);
  if (judged.parts.empty()) co_return Judge(judged, std::move(nothing));
  InspectRequest question = Question(*policies, judged.texts, judged.parts);
  question.set_direction(guardrails::v1::DIRECTION_RESPONSE);
  question.mutable_numbers_taken()->insert(numbers_taken.begin(), numbers_taken.end());
  auto answer = co_await deps_.service.Inspect(context, std::move(question));
  co_return Settled(judged, policies->fail_open, Judge(judged, std::move(answer)));
}

absl::StatusOr<std::string> RestoreAnswer(std::string_view body,
                                          const text::PlaceholderMap& values) {
  const auto texts = texts::ReadAnswerTexts(body);
  if (!texts.ok()) {
    return status::DataLoss("putting values back into an answer: {}",
                            status::Message(texts.status()));
  }
  return texts::Restored(body, *texts, values);
}

}  // namespace weir::edge
