#include "services/quota/memory_ledger.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace weir::quota {
namespace {

const std::string& FieldOf(const LedgerRow& row, UsageField field) {
  switch (field) {
    case UsageField::kTeam:
      return row.team;
    case UsageField::kUser:
      return row.user;
    case UsageField::kKey:
      return row.key_name;
    case UsageField::kProxy:
      return row.proxy;
    case UsageField::kProvider:
      return row.provider;
    case UsageField::kModel:
      return row.model;
  }
  return row.model;
}

std::string SubjectAt(const LedgerRow& row, v1::Level level) {
  switch (level) {
    case v1::LEVEL_TEAM:
      return row.team;
    case v1::LEVEL_USER:
      return row.user;
    case v1::LEVEL_KEY:
      return row.key_name;
    case v1::LEVEL_PROVIDER:
      return row.provider;
    case v1::LEVEL_MODEL:
      return row.model;
    case v1::LEVEL_PROXY:
      return row.proxy;
    default:
      return "";
  }
}

bool Matches(const LedgerRow& row, const UsageQuery& query) {
  if (row.organization != query.organization) return false;
  if (row.settled_at_us < query.from_us || row.settled_at_us >= query.to_us) return false;
  for (size_t i = 0; i < kUsageFields; ++i) {
    const auto& wanted = query.filter[i];
    if (wanted && *wanted != FieldOf(row, static_cast<UsageField>(i))) return false;
  }
  return true;
}

using Group = std::array<std::string, kUsageFields>;

Group GroupOf(const LedgerRow& row, const UsageQuery& query) {
  Group group;
  for (size_t i = 0; i < kUsageFields; ++i) {
    if (query.group_by[i]) group[i] = FieldOf(row, static_cast<UsageField>(i));
  }
  return group;
}

}  // namespace

absl::StatusOr<std::vector<bool>> MemoryLedger::Append(std::span<const LedgerRow> rows) {
  std::vector<bool> duplicates;
  MutexLock lock(mutex_);
  for (const LedgerRow& each : rows) {
    const bool added = keys_.emplace(each.id, each.seq).second;
    if (added) rows_.push_back(each);
    duplicates.push_back(!added);
  }
  while (rows_.size() > max_rows_) {
    keys_.erase({rows_.front().id, rows_.front().seq});
    rows_.pop_front();
  }
  return duplicates;
}

bool MemoryLedger::Counts(const LedgerRow& row) const {
  const auto next = keys_.upper_bound({row.id, row.seq});
  return next == keys_.end() || next->first != row.id;
}

absl::StatusOr<std::optional<LedgerRow>> MemoryLedger::Find(const AttemptId& id) {
  MutexLock lock(mutex_);
  for (const LedgerRow& each : rows_) {
    if (each.id == id && Counts(each)) return each;
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<UsageSum>> MemoryLedger::QueryUsage(const UsageQuery& query) {
  std::map<Group, UsageSum> sums;
  {
    MutexLock lock(mutex_);
    for (const LedgerRow& each : rows_) {
      if (!Matches(each, query) || !Counts(each)) continue;
      UsageSum& sum = sums[GroupOf(each, query)];
      sum.requests += each.requests;
      sum.attempts += 1;
      sum.estimated_attempts += each.estimated ? 1 : 0;
      sum.total_tokens += each.usage.total_tokens();
      sum.usage += each.usage;
    }
  }
  std::vector<UsageSum> rows;
  for (auto& [group, sum] : sums) {
    sum.group = group;
    rows.push_back(std::move(sum));
  }
  std::ranges::sort(
      rows, {}, [](const UsageSum& each) { return std::tuple(-each.total_tokens, each.group); });
  if (std::cmp_greater(rows.size(), query.max_rows)) rows.resize(query.max_rows);
  return rows;
}

absl::StatusOr<std::vector<SubjectSum>> MemoryLedger::SumSubjects(const SumQuery& query) {
  std::map<std::string, SubjectSum> sums;
  MutexLock lock(mutex_);
  for (const LedgerRow& each : rows_) {
    if (each.organization != query.organization || each.settled_at_us < query.since_us ||
        each.settled_at_us >= query.until_us) {
      continue;
    }
    const std::string subject = SubjectAt(each, query.level);
    if (subject.empty() && query.level != v1::LEVEL_ORGANIZATION) continue;
    if (!Counts(each)) continue;
    SubjectSum& sum = sums[subject];
    const bool is_first = sum.subject.empty() && sum.first_settled_at_us == 0;
    sum.subject = subject;
    sum.requests += each.requests;
    sum.total_tokens += each.usage.total_tokens();
    if (is_first || each.settled_at_us < sum.first_settled_at_us) {
      sum.first_settled_at_us = each.settled_at_us;
    }
  }
  std::vector<SubjectSum> rows;
  for (auto& [subject, sum] : sums) rows.push_back(std::move(sum));
  return rows;
}

std::vector<LedgerRow> MemoryLedger::Rows() const {
  MutexLock lock(mutex_);
  return {rows_.begin(), rows_.end()};
}

}  // namespace weir::quota
