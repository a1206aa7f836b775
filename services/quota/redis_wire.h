#pragma once

#include <absl/container/flat_hash_map.h>

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "common/async/mutex.h"
#include "common/redis/reply.h"
#include "services/quota/admission.h"
#include "services/quota/limit_table.h"
#include "services/quota/windows.h"

// Quota in the terms of its scripts (scripts/*.lua). Their times are microseconds, their numbers
// doubles: whole, and exact below 2^53. Pure functions.
namespace weir::quota {

// The largest number that a script counts exactly with.
inline constexpr int64_t kMaxExact = int64_t{1} << 53;

// Numbers as the scripts unpack them: 8 bytes each.
std::string PackNumbers(std::initializer_list<int64_t> numbers);

// What the counter of a limit and subject is kept under, within its organisation.
std::string FieldOf(const CompiledLimit& limit, std::string_view subject);
// The rule that it counts by, with its contact.
std::string RuleBytes(const CompiledLimit& limit);

// Since when each limit counts, as this process saw it first: a later moment means that the limit
// was made again. Thread-safe.
class FirstSeen {
 public:
  int64_t Of(const CompiledLimit& limit);

 private:
  Mutex mutex_;
  absl::flat_hash_map<uint64_t, int64_t> since_us_ ABSL_GUARDED_BY(mutex_);
};

// Field, rule and rest of each match, one after another.
void AppendMatches(const LimitMatches& matches, FirstSeen& seen,
                   std::vector<std::string>& arguments);
// The same of a counter that is restored.
void AppendRestored(const RestoredCounter& counter, FirstSeen& seen,
                    std::vector<std::string>& arguments);

std::string DemandBytes(const Demand& demand, bool dry_run, bool is_under_way);
std::string HashBytes(uint64_t hash);
std::string IdBytes(const AttemptId& id);

// Reads what a script answers, number by number; ok() says at the end whether all was there.
class ReplyReader {
 public:
  explicit ReplyReader(const redis::Reply& reply) : items_(reply.items) {}
  int64_t Number();
  std::string_view Text();
  // A counter of `limit`, as it is kept.
  Counter CounterOf(const CompiledLimit& limit);
  bool ok() const { return ok_; }

 private:
  const redis::Reply* Take(redis::Reply::Kind kind);
  std::span<const redis::Reply> items_;
  bool ok_ = true;
};

// A script's time, on both clocks of the rules: it has one.
inline Instant InstantOf(int64_t now_us) { return {now_us * 1000, now_us * 1000}; }

Position PositionOf(const CompiledLimit& limit, const Counter& counter, Instant now);

}  // namespace weir::quota
