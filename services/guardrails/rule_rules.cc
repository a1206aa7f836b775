#include "services/guardrails/rule_rules.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/json/json_path.h"
#include "common/text/ascii.h"
#include "common/text/excerpt.h"
#include "services/guardrails/action.h"
#include "services/guardrails/custom_pattern.h"
#include "services/guardrails/deny_list.h"
#include "services/guardrails/entity.h"

namespace weir::guardrails {
namespace {

constexpr int kMostPaths = 16;
constexpr size_t kLongestReplacement = 64;
constexpr size_t kLongestType = 32;
constexpr double kLeastThreshold = 0.01;
constexpr size_t kLongestExpression = 4096;
constexpr std::array<std::string_view, 7> kRoles = {"system", "developer",      "user", "assistant",
                                                    "tool",   "tool_arguments", ""};

bool IsTypeChar(char c) { return text::IsDigit(c) || c == '_' || (c >= 'A' && c <= 'Z'); }

bool IsPlain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '"' && c != '\\';
}

std::string EntityNames() {
  std::vector<std::string_view> names;
  for (const Entity each : kAllEntities) names.push_back(NameOf(each));
  return fmt::format("{}", fmt::join(names, ", "));
}

class RuleCheck {
 public:
  RuleCheck(std::string_view path, const v1::Rule& rule, status::BadFields& bad)
      : path_(path), rule_(rule), bad_(bad), action_(ActionNamed(rule.action())) {}

  void Run() {
    CheckAction();
    CheckDetector();
    CheckDirections();
    CheckPaths();
    CheckRoles();
    CheckReplacement();
  }

 private:
  std::string At(std::string_view field) const { return fmt::format("{}.{}", path_, field); }
  std::string At(std::string_view field, int index) const {
    return fmt::format("{}.{}[{}]", path_, field, index);
  }

  void CheckAction() {
    bad_.Require(action_.has_value(), At("action"), text::Excerpt(rule_.action()),
                 "allow, flag, partial, mask, tokenize, redact, hash or block");
  }

  void CheckDetector() {
    switch (rule_.detector_case()) {
      case v1::Rule::kEntities:
        return CheckEntities(rule_.entities());
      case v1::Rule::kPattern:
        return CheckPattern(rule_.pattern());
      case v1::Rule::kDenyList:
        return CheckDenyList(rule_.deny_list());
      case v1::Rule::kInjection:
        return CheckInjection(rule_.injection());
      default:
        bad_.Add(path_, "looks for nothing, want entities, pattern, deny_list or injection");
    }
  }

  void CheckEntities(const v1::Rule::Entities& entities) {
    std::set<std::string> seen;
    for (int i = 0; i < entities.types_size(); ++i) {
      const std::string path = At("entities.types", i);
      const std::string& type = entities.types(i);
      if (!EntityNamed(type)) {
        bad_.Add(path, "is '{}', want one of {}", text::Excerpt(type), EntityNames());
      } else if (!seen.insert(type).second) {
        bad_.Add(path, "is '{}' again, want each once", type);
      }
    }
  }

  void CheckPattern(const v1::Rule::Pattern& pattern) {
    const std::string& type = pattern.entity_type();
    bad_.Require(
        !type.empty() && type.size() <= kLongestType && std::ranges::all_of(type, IsTypeChar),
        At("pattern.entity_type"), text::Excerpt(type), "1 to 32 of [A-Z0-9_]");
    CheckExpression(pattern);
  }

  void CheckDenyList(const v1::Rule::DenyList& list) {
    const auto& phrases = list.phrases();
    const auto compiled =
        DenyList::Compile({phrases.begin(), phrases.end()}, list.parts_of_words());
    if (!compiled.ok()) {
      bad_.Add(At("deny_list.phrases"), "{}", status::Message(compiled.status()));
    }
    RequireFlagOrBlock();
  }

  void CheckInjection(const v1::Rule::Injection& injection) {
    const double got = injection.threshold();
    const bool good = got == 0 || (got >= kLeastThreshold && got <= 1);
    if (!good) bad_.Add(At("injection.threshold"), "is {}, want {} to 1", got, kLeastThreshold);
    RequireFlagOrBlock();
  }

  // There is no value that something could stand for.
  void RequireFlagOrBlock() {
    if (!action_ || action_ == Action::kFlag || action_ == Action::kBlock) return;
    bad_.Add(At("action"), "is '{}', want flag or block", rule_.action());
  }

  void CheckExpression(const v1::Rule::Pattern& pattern) {
    const std::string path = At("pattern.expression");
    const size_t size = pattern.expression().size();
    if (size == 0 || size > kLongestExpression) {
      bad_.Add(path, "has {} bytes, want 1 to {}", size, kLongestExpression);
      return;
    }
    const std::optional<Validator> validator = ValidatorNamed(pattern.validator());
    bad_.Require(validator.has_value(), At("pattern.validator"), text::Excerpt(pattern.validator()),
                 "luhn, mod97 or nothing");
    const auto compiled =
        CustomPattern::Compile(pattern.expression(), {.ignore_case = pattern.ignore_case()});
    if (!compiled.ok()) bad_.Add(path, "{}", status::Message(compiled.status()));
  }

  void CheckDirections() {
    for (int i = 0; i < rule_.directions_size(); ++i) {
      const v1::Direction direction = rule_.directions(i);
      const bool known = direction == v1::DIRECTION_REQUEST || direction == v1::DIRECTION_RESPONSE;
      if (!known) bad_.Add(At("directions", i), "is {}, want one", static_cast<int>(direction));
      if (direction == v1::DIRECTION_RESPONSE && action_ == Action::kTokenize) {
        bad_.Add(At("directions", i), "is of answers, where nothing can be tokenized");
      }
    }
  }

  void CheckPaths() {
    if (rule_.json_paths_size() > kMostPaths) {
      bad_.Add(At("json_paths"), "has {} paths, want at most {}", rule_.json_paths_size(),
               kMostPaths);
      return;
    }
    for (int i = 0; i < rule_.json_paths_size(); ++i) {
      const auto path = json::JsonPath::Compile(rule_.json_paths(i));
      if (!path.ok()) {
        bad_.Add(At("json_paths", i), "{}", status::Message(path.status()));
      } else if (path->has_last()) {
        // Each part is judged by itself.
        bad_.Add(At("json_paths", i), "path is '{}', want [0] or [*] and not [-1]",
                 text::Excerpt(rule_.json_paths(i)));
      }
    }
  }

  void CheckRoles() {
    for (int i = 0; i < rule_.roles_size(); ++i) {
      bad_.Require(std::ranges::find(kRoles, rule_.roles(i)) != kRoles.end(), At("roles", i),
                   text::Excerpt(rule_.roles(i)),
                   "system, developer, user, assistant, tool, tool_arguments or nothing");
    }
  }

  void CheckReplacement() {
    const std::string& replacement = rule_.replacement();
    if (replacement.empty()) return;
    if (replacement.size() > kLongestReplacement) {
      bad_.Add(At("replacement"), "has {} bytes, want at most {}", replacement.size(),
               kLongestReplacement);
    }
    // It may stand in a JSON text, as the arguments of a tool do.
    if (!std::ranges::all_of(replacement, IsPlain)) {
      bad_.Add(At("replacement"), "has a quote, a backslash or a control character, want none");
    }
    const bool fits =
        action_ == Action::kMask || action_ == Action::kRedact || action_ == Action::kPartial;
    if (action_ && !fits) {
      bad_.Add(At("replacement"), "is set, but '{}' puts no text of yours in a value's place",
               rule_.action());
    }
  }

  const std::string_view path_;
  const v1::Rule& rule_;
  status::BadFields& bad_;
  const std::optional<Action> action_;
};

}  // namespace

void CheckRule(std::string_view path, const v1::Rule& rule, status::BadFields& bad) {
  RuleCheck(path, rule, bad).Run();
}

}  // namespace weir::guardrails
