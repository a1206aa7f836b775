#include "services/guardrails/custom_pattern.h"

#include <re2/re2.h>

#include <algorithm>

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

}  // namespace

absl::StatusOr<CustomPattern> CustomPattern::Compile(std::string_view expression, Options options) {
  auto compiled = std::make_shared<const RE2>(ToPiece(expression), OptionsOf(options));
  if (!compiled->ok()) return status::InvalidArgument("{}", compiled->error());
  absl::StatusOr<PatternShape> shape = ShapeOf(expression, options.ignore_case);
  if (!shape.ok()) return shape.status();
  return CustomPattern(std::move(compiled), *std::move(shape));
}

CustomPattern::Found CustomPattern::At(std::string_view text, size_t at, bool is_whole) const {
  if (!shape_.first.Has(text[at])) return {};
  // A match lies within the bytes that it can have; \b looks at one more.
  const size_t farthest = std::min(text.size(), at + shape_.longest);
  size_t end = at;
  while (end < farthest && shape_.bytes.Has(text[end])) ++end;
  if (end == text.size() && !is_whole) return {.is_open = true};
  if (end - at < shape_.shortest) return {};
  const size_t context = std::min(at, kContext);
  const std::string_view window =
      text.substr(at - context, context + std::min(end + 1, text.size()) - at);
  re2::StringPiece match;
  if (!expression_->Match(ToPiece(window), context, window.size(), RE2::ANCHOR_START, &match, 1)) {
    return {};
  }
  return {.length = match.size()};
}

}  // namespace weir::guardrails
