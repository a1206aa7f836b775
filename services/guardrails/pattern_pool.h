#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/status/status.h"
#include "services/guardrails/custom_pattern.h"
#include "weir/guardrails/v1/guardrails_admin.pb.h"

namespace weir::guardrails {

// What somebody's expression finds. Immutable.
struct CompiledPattern {
  std::string identity;          // The same for patterns that are the same.
  std::string type;              // As findings name it: "EMPLOYEE_ID".
  std::string placeholder_type;  // 1 to 12 letters of A to Z: "EMPLOYEEID".
  CustomPattern expression;
};

// Patterns that were compiled, so that the same one is compiled and kept once. Not thread-safe.
class PatternPool {
 public:
  // kInvalidArgument: as CustomPattern::Compile.
  absl::StatusOr<std::shared_ptr<const CompiledPattern>> Get(const v1::Rule::Pattern& pattern);

  // Forgets those that nobody uses any more.
  void Trim();
  size_t size() const { return patterns_.size(); }

  static std::string IdentityOf(const v1::Rule::Pattern& pattern);

 private:
  std::map<std::string, std::shared_ptr<const CompiledPattern>, std::less<>> patterns_;
};

}  // namespace weir::guardrails
