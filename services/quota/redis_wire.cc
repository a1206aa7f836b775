#include "services/quota/redis_wire.h"

#include <bit>
#include <cstring>

namespace weir::quota {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are packed as they lie");

// As the scripts have it: a moment that never was.
constexpr int64_t kNeverUs = -kMaxExact;

constexpr size_t kMostLimits = 1'000'000;

int64_t PeriodUs(const CountingRule& rule) { return rule.period_ns / 1000; }

int64_t ToNs(int64_t us) { return us <= kNeverUs ? kNeverNs : us * 1000; }

int64_t OrNone(const std::optional<int64_t>& value) { return value.value_or(-1); }

}  // namespace

std::string PackNumbers(std::initializer_list<int64_t> numbers) {
  std::string bytes(numbers.size() * sizeof(double), '\0');
  char* out = bytes.data();
  for (const int64_t each : numbers) {
    const auto number = static_cast<double>(each);
    std::memcpy(out, &number, sizeof(number));
    out += sizeof(number);
  }
  return bytes;
}

std::string FieldOf(const CompiledLimit& limit, std::string_view subject) {
  std::string field = limit.name;
  field += '\0';
  field += subject;
  return field;
}

std::string RuleBytes(const CompiledLimit& limit) {
  const CountingRule& rule = limit.rule;
  std::string bytes =
      PackNumbers({static_cast<int64_t>(rule.kind), limit.counts_requests() ? 1 : 0, rule.count,
                   PeriodUs(rule), rule.capacity, static_cast<int64_t>(limit.level)});
  return bytes += limit.contact;
}

int64_t FirstSeen::Of(const CompiledLimit& limit) {
  MutexLock lock(mutex_);
  // Whoever has seen so many begins anew: until a limit is made again it makes no difference.
  if (since_us_.size() >= kMostLimits) since_us_.clear();
  return since_us_.try_emplace(HashOf(limit.organization, limit.name), limit.counting_since_us)
      .first->second;
}

void AppendMatches(const LimitMatches& matches, FirstSeen& seen,
                   std::vector<std::string>& arguments) {
  for (const LimitMatch& each : matches) {
    const CompiledLimit& limit = *each.limit;
    arguments.push_back(FieldOf(limit, each.subject));
    arguments.push_back(RuleBytes(limit));
    arguments.push_back(PackNumbers(
        {static_cast<int64_t>(limit.enforcement), limit.counting_since_us, seen.Of(limit)}));
  }
}

void AppendRestored(const RestoredCounter& counter, FirstSeen& seen,
                    std::vector<std::string>& arguments) {
  const CompiledLimit& limit = *counter.limit;
  arguments.push_back(FieldOf(limit, counter.subject));
  arguments.push_back(RuleBytes(limit));
  arguments.push_back(PackNumbers({std::min(counter.used, kMaxExact), counter.window_start_us,
                                   limit.counting_since_us, seen.Of(limit)}));
}

std::string DemandBytes(const Demand& demand, bool dry_run, bool is_under_way) {
  return PackNumbers({demand.requests, demand.input_bound, demand.input_likely,
                      OrNone(demand.output_declared), OrNone(demand.output_max),
                      OrNone(demand.output_p95), dry_run ? 1 : 0, is_under_way ? 1 : 0});
}

std::string HashBytes(uint64_t hash) {
  return std::string(reinterpret_cast<const char*>(&hash), sizeof(hash));
}

std::string IdBytes(const AttemptId& id) {
  std::string bytes(id.request.data(), id.request.size());
  return bytes.append(reinterpret_cast<const char*>(&id.attempt), sizeof(id.attempt));
}

const redis::Reply* ReplyReader::Take(redis::Reply::Kind kind) {
  if (items_.empty() || items_.front().kind != kind) {
    ok_ = false;
    return nullptr;
  }
  const redis::Reply* item = &items_.front();
  items_ = items_.subspan(1);
  return item;
}

int64_t ReplyReader::Number() {
  const redis::Reply* item = Take(redis::Reply::Kind::kInteger);
  return item == nullptr ? 0 : item->integer;
}

std::string_view ReplyReader::Text() {
  const redis::Reply* item = Take(redis::Reply::Kind::kText);
  return item == nullptr ? std::string_view() : std::string_view(item->text);
}

Counter ReplyReader::CounterOf(const CompiledLimit& limit) {
  const int64_t at = ToNs(Number());
  const int64_t used = Number();
  const int64_t held = Number();
  // The scripts count in 1/period of a unit as well, and their period is in microseconds.
  const int64_t fraction = Number() * 1000;
  if (limit.rule.is_bucket()) {
    return Counter(limit.rule.kind, TokenBucket::Stored(used, fraction, at, held));
  }
  return Counter(limit.rule.kind, FixedWindow(at, used, held));
}

Position PositionOf(const CompiledLimit& limit, const Counter& counter, Instant now) {
  return {counter.At(limit.rule, now), counter.ResetAfter(limit.rule, now)};
}

}  // namespace weir::quota
