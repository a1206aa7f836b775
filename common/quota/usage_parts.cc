#include "common/quota/usage_parts.h"

#include <numeric>

#include "common/quota/standing.h"

namespace weir::quota {
namespace {

constexpr std::array<std::string_view, UsageParts::kPartCount> kNames = {
    "input_uncached_tokens", "cache_read_tokens",     "cache_write_5m_tokens",
    "cache_write_1h_tokens", "output_visible_tokens", "reasoning_tokens",
    "audio_input_tokens",    "audio_output_tokens",   "image_units"};

}  // namespace

int64_t UsageParts::total_tokens() const {
  return std::accumulate(parts.begin(), parts.begin() + kImageUnits, int64_t{0});
}

int64_t UsageParts::output_tokens() const {
  return parts[kOutputVisible] + parts[kReasoning] + parts[kAudioOutput];
}

UsageParts& UsageParts::operator+=(const UsageParts& other) {
  for (size_t i = 0; i < parts.size(); ++i) parts[i] = SaturatingAdd(parts[i], other.parts[i]);
  inconsistent = inconsistent || other.inconsistent;
  return *this;
}

absl::StatusOr<UsageParts> ParseUsage(const common::v1::Usage& usage) {
  const UsageParts parsed{
      .parts = {usage.input_uncached_tokens(), usage.cache_read_tokens(),
                usage.cache_write_5m_tokens(), usage.cache_write_1h_tokens(),
                usage.output_visible_tokens(), usage.reasoning_tokens(), usage.audio_input_tokens(),
                usage.audio_output_tokens(), usage.image_units()},
      .inconsistent = usage.inconsistent()};
  for (size_t i = 0; i < parsed.parts.size(); ++i) {
    if (parsed.parts[i] < 0 || parsed.parts[i] > kMaxAmount) {
      return status::InvalidArgument("usage.{} is {}, want 0 to {}", kNames[i], parsed.parts[i],
                                     kMaxAmount);
    }
  }
  return parsed;
}

common::v1::Usage ToProto(const UsageParts& parts) {
  common::v1::Usage usage;
  usage.set_input_uncached_tokens(parts[UsageParts::kInputUncached]);
  usage.set_cache_read_tokens(parts[UsageParts::kCacheRead]);
  usage.set_cache_write_5m_tokens(parts[UsageParts::kCacheWrite5m]);
  usage.set_cache_write_1h_tokens(parts[UsageParts::kCacheWrite1h]);
  usage.set_output_visible_tokens(parts[UsageParts::kOutputVisible]);
  usage.set_reasoning_tokens(parts[UsageParts::kReasoning]);
  usage.set_audio_input_tokens(parts[UsageParts::kAudioInput]);
  usage.set_audio_output_tokens(parts[UsageParts::kAudioOutput]);
  usage.set_image_units(parts[UsageParts::kImageUnits]);
  usage.set_inconsistent(parts.inconsistent);
  return usage;
}

}  // namespace weir::quota
