#include "services/routing/config.h"

#include <fmt/ranges.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/text/parse.h"

namespace weir::routing {
namespace {

constexpr Duration kDay = std::chrono::hours(24);

void CheckDuration(std::string_view key, Duration got, std::vector<std::string>& faults) {
  if (got >= Duration::zero() && got <= kDay) return;
  faults.push_back(fmt::format("routing.{} is {}, want 0s to 24h", key, text::FormatDuration(got)));
}

void CheckCount(std::string_view key, int got, int most, std::vector<std::string>& faults) {
  if (got >= 1 && got <= most) return;
  faults.push_back(fmt::format("routing.{} is {}, want 1 to {}", key, got, most));
}

}  // namespace

absl::Status RoutingConfig::Validate() const {
  std::vector<std::string> faults;
  CheckDuration("default_suspend", default_suspend, faults);
  CheckCount("max_attempts", max_attempts, 64, faults);
  CheckDuration("health_memory", health_memory, faults);
  CheckCount("tables_kept", tables_kept, 64, faults);
  if (faults.empty()) return absl::OkStatus();
  return status::InvalidArgument("{}", fmt::join(faults, "; "));
}

void ReadRouting(config::Reader& section, RoutingConfig& settings) {
  section.Bool("allow_plaintext_upstreams", &settings.allow_plaintext_upstreams);
  section.Duration("default_suspend", &settings.default_suspend);
  section.Int("max_attempts", &settings.max_attempts);
  section.Duration("health_memory", &settings.health_memory);
  section.Int("tables_kept", &settings.tables_kept);
}

}  // namespace weir::routing
