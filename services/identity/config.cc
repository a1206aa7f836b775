#include "services/identity/config.h"

#include <vector>

#include "common/text/parse.h"
#include "services/identity/names.h"

namespace weir::identity {
namespace {

template <typename T>
void CheckRange(std::string_view key, T value, T least, T most, std::vector<std::string>& faults) {
  if (value >= least && value <= most) return;
  faults.push_back(fmt::format("identity.{} is {}, want {} to {}", key, value, least, most));
}

}  // namespace

absl::Status IdentityConfig::Validate() const {
  std::vector<std::string> faults;
  CheckRange<int64_t>("max_keys_per_organization", max_keys_per_organization, 1, 1'000'000, faults);
  CheckRange<int64_t>("max_admin_tokens", max_admin_tokens, 1, 100'000, faults);
  if (!IsOrganizationName(default_organization)) {
    faults.push_back(fmt::format("identity.default_organization is '{}', want {}",
                                 Shown(default_organization), kOrganizationNameForm));
  }
  if (heartbeat < std::chrono::milliseconds(50) || heartbeat > std::chrono::milliseconds(500)) {
    faults.push_back(fmt::format("identity.heartbeat is {}, want 50ms to 500ms",
                                 text::FormatDuration(heartbeat)));
  }
  if (faults.empty()) return absl::OkStatus();
  return status::InvalidArgument("{}", fmt::join(faults, "; "));
}

void ReadIdentity(config::Reader& section, IdentityConfig& settings) {
  section.Int("max_keys_per_organization", &settings.max_keys_per_organization);
  section.Int("max_admin_tokens", &settings.max_admin_tokens);
  section.String("default_organization", &settings.default_organization);
  section.Duration("heartbeat", &settings.heartbeat);
}

}  // namespace weir::identity
