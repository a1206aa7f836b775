#include "services/guardrails/pattern_pool.h"

#include <fmt/format.h>

#include <optional>

#include "common/text/placeholder.h"

namespace weir::guardrails {
namespace {

// "EMPLOYEE_ID" as "EMPLOYEEID": what a placeholder can say.
std::string PlaceholderTypeOf(const std::string& type) {
  std::string letters;
  for (const char each : type) {
    if (each >= 'A' && each <= 'Z') letters.push_back(each);
  }
  if (letters.empty()) return "VALUE";
  return letters.substr(0, text::kLongestPlaceholderType);
}

}  // namespace

std::string PatternPool::IdentityOf(const v1::Rule::Pattern& pattern) {
  return fmt::format("{}\n{}\n{}\n{}", pattern.entity_type(), pattern.ignore_case(),
                     pattern.validator(), pattern.expression());
}

absl::StatusOr<std::shared_ptr<const CompiledPattern>> PatternPool::Get(
    const v1::Rule::Pattern& pattern) {
  std::string identity = IdentityOf(pattern);
  const auto known = patterns_.find(identity);
  if (known != patterns_.end()) return known->second;
  const std::optional<Validator> validator = ValidatorNamed(pattern.validator());
  if (!validator) return status::InvalidArgument("validator is '{}'", pattern.validator());
  WEIR_ASSIGN_OR_RETURN(
      CustomPattern expression,
      CustomPattern::Compile(pattern.expression(),
                             {.ignore_case = pattern.ignore_case(), .validator = *validator}));
  auto compiled = std::make_shared<const CompiledPattern>(
      CompiledPattern{.identity = identity,
                      .type = pattern.entity_type(),
                      .placeholder_type = PlaceholderTypeOf(pattern.entity_type()),
                      .expression = std::move(expression)});
  patterns_.emplace(std::move(identity), compiled);
  return compiled;
}

void PatternPool::Trim() {
  std::erase_if(patterns_, [](const auto& each) { return each.second.use_count() == 1; });
}

}  // namespace weir::guardrails
