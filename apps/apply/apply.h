#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/apply/plan.h"
#include "apps/apply/secret_source.h"
#include "apps/apply/sink.h"
#include "common/status/status.h"

// Declarative set-up: files say what shall be, and applying them again changes nothing.
namespace weir::apply {

struct ApplyOptions {
  // Checks everything against the services and reports what would change; changes nothing.
  bool dry_run = false;
  // For documents that name no organisation.
  std::string default_organization = "default";
};

// What became of one document.
struct Applied {
  std::string kind;
  std::string organization;  // Empty for an Organization.
  std::string name;
  std::string where;     // "limits.yaml:3".
  bool changed = false;  // Created or replaced; in a dry run: would be.
};

// In the order in which they were applied.
struct ApplyReport {
  std::vector<Applied> documents;
};

// Applies the documents of `path`, a file or a folder (document.h says which files). Blocks.
//
// First every document is checked: its form, its references, then with validate_only what the
// services say; one fault anywhere and nothing is changed. kInvalidArgument lists all faults, one a
// line: "limits.yaml:3: spec.count is 'many', want an integer". Another error while applying names
// the document; the ones before it are in force, and applying again is safe.
absl::StatusOr<ApplyReport> Apply(const std::string& path, const SecretSource& secrets, Sink& sink,
                                  const ApplyOptions& options = {});

// The halves of Apply(): reading, which asks no service...
absl::StatusOr<Plan> PlanPath(const std::string& path, const SecretSource& secrets,
                              const ApplyOptions& options = {});
// (the same for `text`, which messages call `file`)
absl::StatusOr<Plan> PlanText(const std::string& file, std::string_view text,
                              const SecretSource& secrets, const ApplyOptions& options = {});
// ...and checking and putting.
absl::StatusOr<ApplyReport> ApplyPlan(const Plan& plan, Sink& sink, bool dry_run);

}  // namespace weir::apply
