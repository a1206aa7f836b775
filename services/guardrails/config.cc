#include "services/guardrails/config.h"

#include <fmt/ranges.h>

#include <string>
#include <string_view>
#include <vector>

#include "services/guardrails/vocabulary.h"

namespace weir::guardrails {
namespace {

void CheckCount(std::string_view key, int got, int most, std::vector<std::string>& faults) {
  if (got >= 1 && got <= most) return;
  faults.push_back(fmt::format("guardrails.{} is {}, want 1 to {}", key, got, most));
}

}  // namespace

absl::Status GuardrailsConfig::Validate() const {
  std::vector<std::string> faults;
  CheckCount("max_policies_per_organization", max_policies_per_organization, 1000, faults);
  CheckCount("max_patterns_per_organization", max_patterns_per_organization,
             Vocabulary::kMostPatterns, faults);
  CheckCount("max_phrases_per_organization", max_phrases_per_organization, 100'000, faults);
  CheckCount("combinations_kept", combinations_kept, 100'000, faults);
  if (faults.empty()) return absl::OkStatus();
  return status::InvalidArgument("{}", fmt::join(faults, "; "));
}

void ReadGuardrails(config::Reader& section, GuardrailsConfig& settings) {
  section.Int("max_policies_per_organization", &settings.max_policies_per_organization);
  section.Int("max_patterns_per_organization", &settings.max_patterns_per_organization);
  section.Int("max_phrases_per_organization", &settings.max_phrases_per_organization);
  section.Int("combinations_kept", &settings.combinations_kept);
}

}  // namespace weir::guardrails
