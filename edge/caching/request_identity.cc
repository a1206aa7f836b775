#include "edge/caching/request_identity.h"

#include <algorithm>

#include "common/text/ascii.h"
#include "edge/caching/canonical_form.h"
#include "edge/caching/question.h"

namespace weir::edge {
namespace {

namespace dom = simdjson::dom;

// Changes with what the digest is made of.
constexpr uint64_t kSchema = 1;
constexpr size_t kMaxBody = 64 * 1024 * 1024;

// They change no answer. The model has a place of its own.
constexpr std::string_view kLeftOut[] = {
    "model",    "stream", "stream_options",    "user",
    "metadata", "store",  "safety_identifier", "prompt_cache_key",
};

bool IsLeftOut(std::string_view key) {
  return std::find(std::begin(kLeftOut), std::end(kLeftOut), key) != std::end(kLeftOut);
}

bool IsAbove(dom::element root, std::string_view key, double most) {
  double value = 0;
  return root[key].get(value) == simdjson::SUCCESS && value > most;
}

bool IsTrue(dom::element root, std::string_view key) {
  bool value = false;
  return root[key].get(value) == simdjson::SUCCESS && value;
}

bool IsGiven(dom::element root, std::string_view key) {
  dom::element value;
  return root[key].get(value) == simdjson::SUCCESS && !value.is_null();
}

bool AsksForLogprobs(dom::element root) {
  if (IsTrue(root, "logprobs") || IsAbove(root, "top_logprobs", 0)) return true;
  dom::array include;
  if (root["include"].get(include) != simdjson::SUCCESS) return false;
  return std::any_of(include.begin(), include.end(), [](dom::element each) {
    std::string_view what;
    return each.get(what) == simdjson::SUCCESS && what.ends_with("logprobs");
  });
}

CacheBypass BypassByParameters(dom::element root, const cache::v1::PolicyEntry& policy) {
  if (IsAbove(root, "temperature", policy.max_temperature())) return CacheBypass::kTemperature;
  if (IsAbove(root, "n", 1)) return CacheBypass::kChoices;
  if (AsksForLogprobs(root)) return CacheBypass::kLogprobs;
  if (IsGiven(root, "previous_response_id") || IsGiven(root, "conversation")) {
    return CacheBypass::kEarlierTurns;
  }
  return IsTrue(root, "background") ? CacheBypass::kBackground : CacheBypass::kNone;
}

void AddModel(dom::element root, const cache::v1::PolicyEntry& policy, const RequestFacts& facts,
              CanonicalForm& form) {
  std::string_view named;
  if (root["model"].get(named) != simdjson::SUCCESS) named = {};
  const bool chosen = !facts.choosing_proxy.empty();
  form.AddText(chosen ? "proxy" : "model");
  form.AddText(chosen ? facts.choosing_proxy : named);
  form.AddText(policy.per_model() ? facts.resolved_model : std::string_view());
  form.AddNumber(policy.per_model() ? 1 : 0);
}

bool AddMembers(dom::object body, CanonicalForm& form) {
  for (const auto& each : CanonicalForm::Sorted(body)) {
    if (IsLeftOut(each.key)) continue;
    form.AddText(each.key);
    if (!form.AddValue(each.value, 1)) return false;
  }
  return true;
}

RequestIdentity Bypassed(CacheBypass why) {
  return {.bypass = why, .question = "", .fingerprint = ""};
}

}  // namespace

std::string_view CacheBypassName(CacheBypass bypass) {
  switch (bypass) {
    case CacheBypass::kNone:
      return "none";
    case CacheBypass::kEndpoint:
      return "endpoint";
    case CacheBypass::kUnreadable:
      return "unreadable";
    case CacheBypass::kTemperature:
      return "temperature";
    case CacheBypass::kChoices:
      return "n";
    case CacheBypass::kLogprobs:
      return "logprobs";
    case CacheBypass::kToolResult:
      return "tool_result";
    case CacheBypass::kEarlierTurns:
      return "earlier_turns";
    case CacheBypass::kBackground:
      return "background";
    case CacheBypass::kNoQuestion:
      return "no_question";
    case CacheBypass::kQuestionTooLong:
      return "too_long";
  }
  return "none";
}

struct IdentityReader::Parser {
  dom::parser parser{kMaxBody};
};

IdentityReader::IdentityReader() : parser_(std::make_unique<Parser>()) {}
IdentityReader::~IdentityReader() = default;

RequestIdentity IdentityReader::Read(std::string_view body, const cache::v1::PolicyEntry& policy,
                                     const RequestFacts& facts) {
  if (facts.kind != routing::v1::API_KIND_CHAT && facts.kind != routing::v1::API_KIND_RESPONSES) {
    return Bypassed(CacheBypass::kEndpoint);
  }
  dom::element root;
  dom::object members;
  if (parser_->parser.parse(body.data(), body.size(), true).get(root) != simdjson::SUCCESS ||
      root.get(members) != simdjson::SUCCESS) {
    return Bypassed(CacheBypass::kUnreadable);
  }
  if (const CacheBypass why = BypassByParameters(root, policy); why != CacheBypass::kNone) {
    return Bypassed(why);
  }
  Question question = FindQuestion(facts.kind, root, policy.question_path());
  if (question.is_tool_result) return Bypassed(CacheBypass::kToolResult);
  RequestIdentity identity{.bypass = CacheBypass::kNone, .question = question.Joined()};
  if (text::Trim(identity.question).empty()) return Bypassed(CacheBypass::kNoQuestion);
  if (identity.question.size() > kLongestQuestion) return Bypassed(CacheBypass::kQuestionTooLong);

  CanonicalForm form(body.size() + 512);
  form.SetHoles(std::move(question.texts));
  form.AddNumber(kSchema);
  form.AddNumber(static_cast<uint64_t>(facts.kind));
  form.AddText(facts.embedder);
  form.AddText(facts.guardrails);
  form.AddNumber(policy.epoch());
  form.AddNumber(static_cast<uint64_t>(policy.scope()));
  form.AddText(policy.question_path());
  AddModel(root, policy, facts, form);
  if (!AddMembers(members, form)) return Bypassed(CacheBypass::kUnreadable);
  identity.fingerprint = crypto::ToBytes(form.Digest());
  return identity;
}

std::string ReaderOf(const identity::v1::Principal& principal) {
  return principal.user().empty() ? "key:" + principal.key_public_id() : "user:" + principal.user();
}

std::string ScopeOf(cache::v1::Scope scope, const identity::v1::Principal& principal) {
  switch (scope) {
    case cache::v1::SCOPE_ORGANIZATION:
      return "";
    case cache::v1::SCOPE_USER:
      return ReaderOf(principal);
    default:
      return "team:" + principal.team();
  }
}

cache::v1::Partition PartitionOf(const cache::v1::PolicyEntry& policy,
                                 const identity::v1::Principal& principal,
                                 const RequestIdentity& identity) {
  cache::v1::Partition partition;
  partition.set_organization(principal.organization());
  partition.set_scope(ScopeOf(policy.scope(), principal));
  partition.set_policy(policy.name());
  partition.set_fingerprint(identity.fingerprint);
  return partition;
}

}  // namespace weir::edge
