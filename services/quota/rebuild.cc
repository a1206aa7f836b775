#include "services/quota/rebuild.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace weir::quota {
namespace {

// Where the rows begin that a limit counts.
int64_t SinceUs(const CompiledLimit& limit, WallTime now) {
  const int64_t now_ns = now.time_since_epoch().count();
  const int64_t window_us = limit.rule.kind == CountingRule::Kind::kUtcWindow
                                ? UtcWindowStart(limit.rule.period_ns, now_ns) / 1000
                                : (now_ns - limit.rule.period_ns) / 1000 + 1;
  return std::max(window_us, limit.counting_since_us);
}

// Asks the ledger once for limits that want the same.
class Sums {
 public:
  explicit Sums(Ledger& ledger) : ledger_(ledger) {}

  absl::StatusOr<std::vector<SubjectSum>> Of(const SumQuery& query) {
    const auto key = std::tuple(query.organization, query.level, query.since_us);
    if (auto found = known_.find(key); found != known_.end()) return found->second;
    WEIR_ASSIGN_OR_RETURN(std::vector<SubjectSum> sums, ledger_.SumSince(query));
    return known_.emplace(key, std::move(sums)).first->second;
  }

 private:
  Ledger& ledger_;
  std::map<std::tuple<std::string, v1::Level, int64_t>, std::vector<SubjectSum>> known_;
};

// Whether `limit` counts for this subject of its level: itself, or as the default of those that
// have none of their own.
bool AppliesTo(const LimitTable& table, const CompiledLimit& limit, const std::string& subject) {
  v1::Subjects subjects;
  subjects.set_organization(limit.organization);
  SetSubjectAt(limit.level, subject, subjects);
  return std::ranges::any_of(table.Match(subjects),
                             [&limit](const LimitMatch& each) { return each.limit == &limit; });
}

RestoredCounter ToCounter(const LimitPtr& limit, const SubjectSum& sum, int64_t since_us,
                          WallTime now) {
  const bool is_utc = limit->rule.kind == CountingRule::Kind::kUtcWindow;
  const int64_t utc_start_us =
      UtcWindowStart(limit->rule.period_ns, now.time_since_epoch().count()) / 1000;
  return {.limit = limit,
          .subject = sum.subject,
          .used = limit->counts_requests() ? sum.requests : sum.total_tokens,
          .window_start_us = is_utc ? utc_start_us : std::max(since_us, sum.first_settled_at_us)};
}

}  // namespace

absl::StatusOr<std::vector<RestoredCounter>> SumCounters(const LimitTable& table, Ledger& ledger,
                                                         WallTime now) {
  Sums sums(ledger);
  std::vector<RestoredCounter> counters;
  for (const LimitPtr& limit : table.all()) {
    if (limit->rule.is_bucket()) continue;
    const int64_t since_us = SinceUs(*limit, now);
    WEIR_ASSIGN_OR_RETURN(
        std::vector<SubjectSum> spent,
        sums.Of(
            {.organization = limit->organization, .level = limit->level, .since_us = since_us}));
    for (const SubjectSum& each : spent) {
      if (!AppliesTo(table, *limit, each.subject)) continue;
      counters.push_back(ToCounter(limit, each, since_us, now));
    }
  }
  return counters;
}

}  // namespace weir::quota
