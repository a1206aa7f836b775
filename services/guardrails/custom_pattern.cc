#include "services/guardrails/custom_pattern.h"

#include <re2/re2.h>

#include <algorithm>

#include "common/text/ascii.h"
#include "services/guardrails/check_digits.h"
#include "services/guardrails/reader.h"

namespace weir::guardrails {
namespace {

re2::StringPiece ToPiece(std::string_view text) { return {text.data(), text.size()}; }

RE2::Options OptionsOf(const CustomPattern::Options& given) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_longest_match(true);
  options.set_never_capture(true);
  options.set_case_sensitive(!given.ignore_case);
  options.set_max_mem(CustomPattern::kMemory);
  return options;
}

bool Passes(Validator validator, std::string_view match) {
  constexpr size_t kCountryAndCheckDigits = 4;
  if (validator == Validator::kNone) return true;
  std::string counted;
  for (const char each : match) {
    const bool counts = validator == Validator::kLuhn ? text::IsDigit(each) : text::IsAlnum(each);
    if (counts) counted += each;
  }
  if (validator == Validator::kLuhn) return counted.size() >= 2 && PassesLuhn(counted);
  const std::string_view all = counted;
  if (all.size() <= kCountryAndCheckDigits) return false;
  return IsOneByMod97(all.substr(kCountryAndCheckDigits), all.substr(0, kCountryAndCheckDigits));
}

}  // namespace

std::optional<Validator> ValidatorNamed(std::string_view name) {
  if (name.empty()) return Validator::kNone;
  if (name == "luhn") return Validator::kLuhn;
  if (name == "mod97") return Validator::kMod97;
  return std::nullopt;
}

absl::StatusOr<CustomPattern> CustomPattern::Compile(std::string_view expression, Options options) {
  auto compiled = std::make_shared<const RE2>(ToPiece(expression), OptionsOf(options));
  if (!compiled->ok()) return status::InvalidArgument("{}", compiled->error());
  absl::StatusOr<PatternShape> shape = ShapeOf(expression, options.ignore_case);
  if (!shape.ok()) return shape.status();
  return CustomPattern(std::move(compiled), *std::move(shape), options.validator);
}

CustomPattern::Found CustomPattern::At(std::string_view text, size_t at, bool is_whole) const {
  if (!shape_.first.Has(text[at])) return {};
  // A match lies within the bytes that it can have; \b looks at one more.
  const size_t farthest = std::min(text.size(), at + shape_.longest);
  size_t end = at;
  while (end < farthest && shape_.bytes.Has(text[end])) ++end;
  if (end == text.size() && !is_whole) return {.is_open = true};
  // Where it ends by itself, what begins later ends there, too.
  const size_t none_until = end < farthest ? end : at;
  if (end - at < shape_.shortest) return {.none_until = none_until};
  if (shape_.required) {
    const std::string_view run = text.substr(at, end - at);
    if (run.find(*shape_.required) == std::string_view::npos) return {.none_until = none_until};
  }
  const size_t context = std::min(at, kContext);
  const std::string_view window =
      text.substr(at - context, context + std::min(end + 1, text.size()) - at);
  re2::StringPiece match;
  if (!expression_->Match(ToPiece(window), context, context + end - at, RE2::ANCHOR_START, &match,
                          1)) {
    return {};
  }
  if (!Passes(validator_, {match.data(), match.size()})) return {};
  return {.length = match.size()};
}

}  // namespace weir::guardrails
