#include "services/guardrails/policy_rules.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string>

#include "common/text/ascii.h"
#include "common/text/excerpt.h"
#include "services/guardrails/compiled_policy.h"
#include "services/guardrails/presets.h"
#include "services/guardrails/rule_rules.h"

namespace weir::guardrails {
namespace {

constexpr int kMostAttachments = 64;
constexpr int kMostRules = 64;
constexpr int kMostPatterns = 32;
constexpr size_t kLongestName = 63;
constexpr size_t kLongestSubject = 200;

using Attachment = common::v1::Attachment;

bool IsNameChar(char c) { return text::IsLower(c) || text::IsDigit(c) || c == '-'; }

bool IsName(std::string_view got) {
  return !got.empty() && got.size() <= kLongestName && std::ranges::all_of(got, IsNameChar);
}

void CheckAttachment(std::string_view path, const Attachment& attachment, status::BadFields& bad) {
  const bool known = Attachment::Level_IsValid(attachment.level()) &&
                     attachment.level() != Attachment::LEVEL_UNSPECIFIED;
  if (!known) bad.Add(fmt::format("{}.level", path), "is missing or unknown");
  const std::string subject_path = fmt::format("{}.subject", path);
  const std::string& subject = attachment.subject();
  if (attachment.level() == Attachment::LEVEL_ORGANIZATION) {
    bad.Require(subject.empty(), subject_path, text::Excerpt(subject),
                "nothing at the level of the organisation");
  } else if (known) {
    bad.Require(!subject.empty() && subject.size() <= kLongestSubject, subject_path,
                text::Excerpt(subject), "a name of 1 to 200 bytes");
  }
}

void CheckAttachments(const v1::GuardrailPolicy& policy, status::BadFields& bad) {
  if (policy.attachments_size() > kMostAttachments) {
    bad.Add("policy.attachments", "has {}, want at most {}", policy.attachments_size(),
            kMostAttachments);
    return;
  }
  std::set<std::pair<int, std::string>> seen;
  for (int i = 0; i < policy.attachments_size(); ++i) {
    const std::string path = fmt::format("policy.attachments[{}]", i);
    const Attachment& each = policy.attachments(i);
    CheckAttachment(path, each, bad);
    if (!seen.emplace(each.level(), each.subject()).second) {
      bad.Add(path, "is the same as one before it, want each once");
    }
  }
}

void CheckPreset(const std::string& preset, status::BadFields& bad) {
  if (preset.empty() || RulesOfPreset(preset) != nullptr) return;
  bad.Add("policy.preset", "is '{}', want one of {}", text::Excerpt(preset),
          fmt::join(kPresets, ", "));
}

std::set<std::string> NamesOfPreset(const std::string& preset) {
  std::set<std::string> names;
  const auto* rules = preset.empty() ? nullptr : RulesOfPreset(preset);
  if (rules == nullptr) return names;
  for (const v1::Rule& each : *rules) names.insert(each.name());
  return names;
}

void CheckRules(const v1::GuardrailPolicy& policy, status::BadFields& bad) {
  if (policy.rules_size() > kMostRules) {
    bad.Add("policy.rules", "has {} rules, want at most {}", policy.rules_size(), kMostRules);
    return;
  }
  if (policy.rules().empty() && policy.preset().empty()) {
    bad.Add("policy.rules", "has no rule, want one or a preset");
  }
  const auto patterns = std::ranges::count_if(
      policy.rules(), [](const v1::Rule& each) { return each.has_pattern(); });
  if (patterns > kMostPatterns) {
    bad.Add("policy.rules", "has {} expressions, want at most {}", patterns, kMostPatterns);
    return;
  }
  std::set<std::string> names = NamesOfPreset(policy.preset());
  for (int i = 0; i < policy.rules_size(); ++i) {
    const std::string path = fmt::format("policy.rules[{}]", i);
    const v1::Rule& rule = policy.rules(i);
    CheckName(path + ".name", rule.name(), bad);
    if (!names.insert(rule.name()).second) {
      bad.Add(path + ".name", "is '{}' again, want each name once", text::Excerpt(rule.name()));
    }
    CheckRule(path, rule, bad);
  }
}

// What one organisation has.
struct Holdings {
  int policies = 0;
  std::set<std::string> patterns;
  int phrases = 0;

  void Add(const v1::GuardrailPolicy& policy) {
    ++policies;
    const auto rules = AllRulesOf(policy);
    if (!rules.ok()) return;
    for (const v1::Rule& each : *rules) {
      if (each.has_pattern()) patterns.insert(PatternPool::IdentityOf(each.pattern()));
      phrases += each.deny_list().phrases_size();
    }
  }
};

absl::Status CheckCount(std::string_view organization, std::string_view what, int got, int most) {
  if (got <= most) return absl::OkStatus();
  return status::InvalidArgument("organisation '{}' would have {} {}, want at most {}",
                                 organization, got, what, most);
}

}  // namespace

void CheckOrganization(std::string_view path, std::string_view got, status::BadFields& bad) {
  bad.Require(IsName(got) && text::IsLower(got.front()), path, text::Excerpt(got),
              "1 to 63 of [a-z0-9-], starting with a letter");
}

void CheckName(std::string_view path, std::string_view got, status::BadFields& bad) {
  bad.Require(IsName(got), path, text::Excerpt(got), "1 to 63 of [a-z0-9-]");
}

void CheckPolicy(const v1::GuardrailPolicy& policy, status::BadFields& bad) {
  CheckOrganization("policy.organization", policy.organization(), bad);
  CheckName("policy.name", policy.name(), bad);
  CheckAttachments(policy, bad);
  CheckPreset(policy.preset(), bad);
  CheckRules(policy, bad);
}

absl::Status CheckBounds(const v1::GuardrailPolicy& policy, const PolicyCatalog& catalog,
                         const GuardrailsConfig& config) {
  Holdings holdings;
  holdings.Add(policy);
  auto each = catalog.policies.lower_bound({policy.organization(), ""});
  for (; each != catalog.policies.end() && each->first.organization == policy.organization();
       ++each) {
    if (each->first.name != policy.name()) holdings.Add(each->second);
  }
  const std::string& organization = policy.organization();
  WEIR_RETURN_IF_ERROR(CheckCount(organization, "guardrail policies", holdings.policies,
                                  config.max_policies_per_organization));
  WEIR_RETURN_IF_ERROR(CheckCount(organization, "different expressions, of up to 1 MiB each",
                                  static_cast<int>(holdings.patterns.size()),
                                  config.max_patterns_per_organization));
  return CheckCount(organization, "phrases in deny lists", holdings.phrases,
                    config.max_phrases_per_organization);
}

}  // namespace weir::guardrails
