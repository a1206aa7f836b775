#include "edge/dialects/openai/usage_parts.h"

#include <algorithm>

namespace weir::edge::openai {

namespace dom = simdjson::dom;

namespace {

// Far beyond any call; sums of such figures still fit.
constexpr int64_t kMostTokens = 1'000'000'000'000;

int64_t Count(dom::element object, std::string_view key) {
  int64_t count = 0;
  if (object[key].get(count) != simdjson::SUCCESS) return 0;
  return std::clamp<int64_t>(count, 0, kMostTokens);
}

// A count inside another one: never more than it.
int64_t Part(dom::element object, std::string_view details, std::string_view key, int64_t whole) {
  dom::element inner;
  if (object[details].get(inner) != simdjson::SUCCESS) return 0;
  return std::min(Count(inner, key), whole);
}

// A provider that says no more than the sum: how it divides is not known, so that all of it is
// billed as prompt.
std::optional<common::v1::Usage> OnlyTotal(dom::element usage) {
  if (usage["total_tokens"].error() != simdjson::SUCCESS) return std::nullopt;
  common::v1::Usage parts;
  parts.set_input_uncached_tokens(Count(usage, "total_tokens"));
  parts.set_inconsistent(true);
  return parts;
}

}  // namespace

std::optional<common::v1::Usage> UsageParts(dom::element usage, const UsageWords& words) {
  if (usage.type() != dom::element_type::OBJECT) return std::nullopt;
  if (usage[words.input].error() != simdjson::SUCCESS &&
      usage[words.output].error() != simdjson::SUCCESS) {
    return OnlyTotal(usage);
  }
  const int64_t input = Count(usage, words.input);
  const int64_t output = Count(usage, words.output);
  common::v1::Usage parts;
  int64_t left = input;
  parts.set_cache_read_tokens(Part(usage, words.input_details, "cached_tokens", left));
  left -= parts.cache_read_tokens();
  parts.set_audio_input_tokens(Part(usage, words.input_details, "audio_tokens", left));
  parts.set_input_uncached_tokens(left - parts.audio_input_tokens());
  left = output;
  parts.set_reasoning_tokens(Part(usage, words.output_details, "reasoning_tokens", left));
  left -= parts.reasoning_tokens();
  parts.set_audio_output_tokens(Part(usage, words.output_details, "audio_tokens", left));
  parts.set_output_visible_tokens(left - parts.audio_output_tokens());
  int64_t total = 0;
  if (usage["total_tokens"].get(total) == simdjson::SUCCESS) {
    parts.set_inconsistent(total != input + output);
  }
  return parts;
}

}  // namespace weir::edge::openai
