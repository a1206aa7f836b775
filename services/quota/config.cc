#include "services/quota/config.h"

#include <string>
#include <string_view>

#include "common/text/parse.h"

namespace weir::quota {
namespace {

class Faults {
 public:
  void InRange(std::string_view key, int64_t value, int64_t least, int64_t most) {
    if (value >= least && value <= most) return;
    Add(fmt::format("quota.{} is {}, want {} to {}", key, value, least, most));
  }
  void InRange(std::string_view key, Duration value, Duration least, Duration most) {
    if (value >= least && value <= most) return;
    Add(fmt::format("quota.{} is {}, want {} to {}", key, text::FormatDuration(value),
                    text::FormatDuration(least), text::FormatDuration(most)));
  }
  void InRange(std::string_view key, double value, double least, double most) {
    if (value >= least && value <= most) return;
    Add(fmt::format("quota.{} is {}, want {} to {}", key, value, least, most));
  }
  absl::Status ToStatus() const {
    return faults_.empty() ? absl::OkStatus() : status::InvalidArgument("{}", faults_);
  }

 private:
  void Add(std::string fault) {
    if (!faults_.empty()) faults_ += "; ";
    faults_ += fault;
  }
  std::string faults_;
};

}  // namespace

absl::Status QuotaConfig::Validate() const {
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  Faults faults;
  faults.InRange("outage_share", outage_share, 0.0, 1.0);
  faults.InRange("hold_ttl", hold_ttl, seconds(30), minutes(10));
  faults.InRange("replay_retention", replay_retention, minutes(10), hours(24));
  faults.InRange("replay_records", replay_records, 1'000, 100'000'000);
  faults.InRange("ledger_queue", ledger_queue, 1'000, 10'000'000);
  faults.InRange("ledger_batch", ledger_batch, 1, 10'000);
  faults.InRange("ledger_linger", ledger_linger, seconds(0), seconds(1));
  faults.InRange("learned_models", learned_models, 1, 1'000'000);
  return faults.ToStatus();
}

void ReadQuota(config::Reader& section, QuotaConfig& settings) {
  section.Enum("store", &settings.store,
               {{"auto", QuotaConfig::Store::kAuto},
                {"memory", QuotaConfig::Store::kMemory},
                {"redis", QuotaConfig::Store::kRedis}});
  section.Double("outage_share", &settings.outage_share);
  section.Duration("hold_ttl", &settings.hold_ttl);
  section.Duration("replay_retention", &settings.replay_retention);
  section.Int("replay_records", &settings.replay_records);
  section.Int("ledger_queue", &settings.ledger_queue);
  section.Int("ledger_batch", &settings.ledger_batch);
  section.Duration("ledger_linger", &settings.ledger_linger);
  section.Int("learned_models", &settings.learned_models);
}

}  // namespace weir::quota
