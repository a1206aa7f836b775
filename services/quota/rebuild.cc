#include "services/quota/rebuild.h"

#include <algorithm>
#include <functional>
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

// What the subjects of one level spent from a moment on that goes back step by step: so each row of
// the ledger is read once, however many limits began at moments of their own.
class Spent {
 public:
  Spent(Ledger& ledger, std::string organization, v1::Level level)
      : ledger_(ledger),
        query_{.organization = std::move(organization), .level = level, .since_us = kForeverNs} {}

  // `since_us` is not later than it was before.
  absl::Status ReachBackTo(int64_t since_us) {
    if (since_us == query_.since_us) return absl::OkStatus();
    query_.since_us = since_us;
    WEIR_ASSIGN_OR_RETURN(const std::vector<SubjectSum> sums, ledger_.SumSubjects(query_));
    for (const SubjectSum& each : sums) Add(each);
    query_.until_us = since_us;
    return absl::OkStatus();
  }
  const SubjectSum* Of(const std::string& subject) const {
    const auto found = sums_.find(subject);
    return found == sums_.end() ? nullptr : &found->second;
  }
  const std::map<std::string, SubjectSum>& all() const { return sums_; }

 private:
  void Add(const SubjectSum& earlier) {
    SubjectSum& sum = sums_[earlier.subject];
    sum.subject = earlier.subject;
    sum.requests = SaturatingAdd(sum.requests, earlier.requests);
    sum.total_tokens = SaturatingAdd(sum.total_tokens, earlier.total_tokens);
    sum.first_settled_at_us = earlier.first_settled_at_us;
  }

  Ledger& ledger_;
  SumQuery query_;
  std::map<std::string, SubjectSum> sums_;
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

// The counters of `limits`, which are all of the level of `spent`.
absl::Status SumLevel(const LimitTable& table, Spent spent, std::vector<LimitPtr> limits,
                      WallTime now, std::vector<RestoredCounter>& counters) {
  std::ranges::sort(limits, std::greater(),
                    [now](const LimitPtr& each) { return SinceUs(*each, now); });
  for (const LimitPtr& limit : limits) {
    const int64_t since_us = SinceUs(*limit, now);
    WEIR_RETURN_IF_ERROR(spent.ReachBackTo(since_us));
    if (!limit->is_default()) {
      const SubjectSum* its = spent.Of(limit->subject);
      if (its != nullptr) counters.push_back(ToCounter(limit, *its, since_us, now));
      continue;
    }
    for (const auto& [subject, sum] : spent.all()) {
      if (AppliesTo(table, *limit, subject)) {
        counters.push_back(ToCounter(limit, sum, since_us, now));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<RestoredCounter>> SumCounters(const LimitTable& table, Ledger& ledger,
                                                         WallTime now,
                                                         std::string_view organization) {
  std::map<std::pair<std::string, v1::Level>, std::vector<LimitPtr>> levels;
  for (const LimitPtr& limit : table.All()) {
    if (!organization.empty() && limit->organization != organization) continue;
    if (!limit->rule.is_bucket()) levels[{limit->organization, limit->level}].push_back(limit);
  }
  std::vector<RestoredCounter> counters;
  for (auto& [level, limits] : levels) {
    Spent spent(ledger, level.first, level.second);
    WEIR_RETURN_IF_ERROR(SumLevel(table, std::move(spent), std::move(limits), now, counters));
  }
  std::ranges::sort(counters, {}, [](const RestoredCounter& each) {
    return std::tie(each.limit->organization, each.limit->name, each.subject);
  });
  return counters;
}

}  // namespace weir::quota
