#include "services/cache/explanation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/text/hex.h"
#include "common/time/proto_time.h"
#include "services/cache/exact_text.h"

namespace weir::cache {
namespace {

constexpr size_t kMaxCandidates = 8;
constexpr size_t kFingerprintDigits = 16;
constexpr Duration kPatience = std::chrono::seconds(5);

// Waits for it on a loop of its own.
Direction AskFor(Directions& directions, const std::string& text, MonotonicTime deadline) {
  asio::io_context loop{1};
  Direction found;
  asio::co_spawn(loop, directions.Of(text, deadline),
                 [&found](std::exception_ptr, absl::StatusOr<Direction> direction) {
                   if (direction.ok()) found = *std::move(direction);
                 });
  loop.run();
  return found;
}

v1::Candidate Describe(const Considered& considered, WallTime now) {
  const Answer& answer = *considered.answer;
  v1::Candidate candidate;
  candidate.set_entry_id(answer.id);
  candidate.set_scope(answer.partition.scope);
  candidate.set_fingerprint(
      text::HexEncode(answer.partition.fingerprint).substr(0, kFingerprintDigits));
  candidate.set_similarity(considered.cosine);
  candidate.set_veto(std::string(considered.verdict.veto));
  candidate.set_gate_score(considered.verdict.gate_score);
  candidate.set_gate_refuses(considered.verdict.gate_refuses);
  *candidate.mutable_age() = ToProto(now - answer.created);
  candidate.set_serves(considered.reason.empty());
  candidate.set_reason(considered.reason);
  return candidate;
}

// Also those of the same question that have no direction.
std::vector<Considered> SameQuestion(const Partition& partition, const std::string& text,
                                     const Reading& reading) {
  std::vector<Considered> same;
  for (AnswerPtr& each : partition.SameQuestion(ExactKey(text))) {
    std::string reason;
    if (!each->MayBeReadBy(reading.reader, reading.promotes)) reason = "not_promoted";
    if (each->expires <= reading.now) reason = "expired";
    same.push_back({.answer = std::move(each), .cosine = 1, .reason = std::move(reason)});
  }
  return same;
}

std::vector<Considered> Candidates(CacheService& cache, const Partition& partition,
                                   const Policy& policy, const std::string& text,
                                   const Direction& direction, WallTime now) {
  // Of nobody: what waits for promotion is told as such.
  const Reading reading{.reader = "", .promotes = policy.promotes, .now = now, .oldest = {}};
  std::vector<Considered> found = SameQuestion(partition, text, reading);
  if (!direction || policy.exact_only) return found;
  const size_t same = found.size();
  for (Considered& each : cache.finder().Consider(partition, policy, text, *direction, reading,
                                                  Finder::kAll, Finder::Until::kEnd)) {
    const bool known = std::any_of(
        found.begin(), found.begin() + static_cast<ptrdiff_t>(same),
        [&each](const Considered& other) { return other.answer->id == each.answer->id; });
    if (!known) found.push_back(std::move(each));
  }
  return found;
}

}  // namespace

v1::ExplainCacheResponse Explain(CacheService& cache, const Policy& policy,
                                 const v1::ExplainCacheRequest& request) {
  const WallTime now = cache.clock().Now();
  const Direction direction =
      AskFor(cache.directions(), request.text(), cache.clock().Monotonic() + kPatience);
  std::vector<Considered> found;
  for (const auto& [key, partition] : cache.engine().Partitions(request.organization())) {
    const bool asked = key.policy == policy.name && key.epoch == policy.epoch &&
                       (request.scope().empty() || key.scope == request.scope());
    if (!asked) continue;
    for (Considered& each : Candidates(cache, *partition, policy, request.text(), direction, now)) {
      found.push_back(std::move(each));
    }
  }
  std::ranges::sort(found, std::greater(), &Considered::cosine);
  if (found.size() > kMaxCandidates) found.resize(kMaxCandidates);
  v1::ExplainCacheResponse response;
  response.set_threshold(policy.threshold);
  for (const Considered& each : found) *response.add_candidates() = Describe(each, now);
  return response;
}

}  // namespace weir::cache
