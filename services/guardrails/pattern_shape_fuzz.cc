// Any bytes are an expression with a shape, or refused; what RE2 then finds is of that shape.
#include <re2/re2.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/guardrails/pattern_shape.h"
#include "services/guardrails/reader.h"

namespace weir::guardrails {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void Check(std::string_view pattern, std::string_view text) {
  const auto shape = ShapeOf(pattern);
  if (!shape.ok()) return;
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  const RE2 expression(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!expression.ok()) return;
  re2::StringPiece match;
  const re2::StringPiece all(text.data(), std::min(text.size(), kLongestMatch));
  if (!expression.Match(all, 0, all.size(), RE2::UNANCHORED, &match, 1)) return;
  Require(match.size() >= shape->shortest && match.size() <= shape->longest);
  Require(shape->first.Has(match[0]));
  for (const char each : match) Require(shape->bytes.Has(each));
  if (shape->required) Require(match.find(*shape->required) != re2::StringPiece::npos);
}

}  // namespace
}  // namespace weir::guardrails

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(all.find('\n'), all.size());
  weir::guardrails::Check(all.substr(0, line), all.substr(line));
  return 0;
}
