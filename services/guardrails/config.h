#pragma once

#include "common/config/reader.h"
#include "common/status/status.h"

namespace weir::guardrails {

// The `guardrails` section. Read once at start; does not change while running.
struct GuardrailsConfig {
  // Policies of one organisation, 1 to 1000.
  int max_policies_per_organization = 100;
  // Different expressions of one organisation, its presets' included, 1 to 64. Each takes up to
  // 1 MiB.
  int max_patterns_per_organization = 64;
  // Phrases in the deny lists of one organisation, 1 to 100,000.
  int max_phrases_per_organization = 5'000;
  // Combinations of policies that are kept ready, of all organisations, 1 to 100,000.
  int combinations_kept = 1'000;

  // kInvalidArgument: every key that is out of range, by name.
  absl::Status Validate() const;
};

// Reads the `guardrails` section: form and type; what values may be, Validate says.
void ReadGuardrails(config::Reader& section, GuardrailsConfig& settings);

}  // namespace weir::guardrails
